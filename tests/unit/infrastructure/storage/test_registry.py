"""A URL's scheme finds the package that adds it, and whatever is wrong with that package is said in a line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from string import ascii_letters, digits

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.unit.infrastructure.storage.installed_packages import WORKING, install
from ticket_export import ConfigurationError, Settings
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.errors import MissingExtraError, StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.infrastructure.storage.registry import known_schemes, open_former_storages, open_storage
from ticket_export.infrastructure.storage.unusable import UnusableStorage

SECRET = "hunter2"
_numbers = count()


def opened(url: str) -> ExportStorage:
    return open_storage(Settings(storage_url=url))


def refusal(url: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        opened(url)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def plugin(site: Path) -> Callable[..., str]:
    """Installs ``ticket-export-tape`` with this code; gives the name of its module, which no other test has."""

    def lay(code: str, attribute: str = "Storage", scheme: str = "tape", package: str = "ticket-export-tape") -> str:
        module = f"tape_{next(_numbers)}"
        install(site, package, {scheme: f"{module}:{attribute}"}, {module: code})
        return module

    return lay


def test_storage_of_an_installed_package_is_opened_with_the_whole_url(plugin: Callable[..., str]) -> None:
    plugin(WORKING)
    storage = opened("tape://drive/1?speed=2")
    assert (type(storage).__name__, vars(storage)) == ("Storage", {"url": "tape://drive/1?speed=2"})
    assert "tape" in known_schemes()


@pytest.mark.parametrize("scheme", ["tape", "TAPE"])
def test_scheme_may_be_written_in_any_case(plugin: Callable[..., str], scheme: str) -> None:
    plugin(WORKING, scheme=scheme)
    assert vars(opened("Tape://drive")) == {"url": "Tape://drive"}


def test_upper_case_scheme_finds_the_librarys_own(tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path.as_uri().replace("file", "FILE")), LocalStorage)


def test_unknown_scheme_says_which_are_known_and_what_to_install() -> None:
    text = refusal("stone://tablet/1")
    assert "no installed package adds storages of the scheme 'stone'" in text
    assert "known schemes are azure, file, gs, s3" in text
    assert "install a package that has an entry point" in text
    assert "ticket_export.storage" in text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "exports",
        "./exports",
        "/srv/exports",
        "file:exports",
        "C:\\exports",
        "C:/exports",
        "://x",
        "1a://x",
        "ü://x",
    ],
)
def test_text_that_is_no_url_says_what_one_looks_like(url: str) -> None:
    assert "it has no scheme; a URL with a scheme is file:///an/absolute/folder" in refusal(url)


def test_s3_without_boto3_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("ticket_export.infrastructure.storage.s3")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("boto3", "boto3.session"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ticket-export\[s3\]'"):
        opened("s3://bucket/prefix")


def test_two_packages_that_add_one_scheme_are_both_named(plugin: Callable[..., str]) -> None:
    plugin(WORKING, package="ticket-export-tape")
    plugin(WORKING, package="tapes-for-everyone")
    text = refusal("tape://drive")
    assert "more than one package adds storages of the scheme 'tape': tapes-for-everyone 1.2.3 and tick" in text
    assert "ticket-export-tape 1.2.3; uninstall all but one" in text


def test_package_that_is_found_twice_is_one(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ticket-export-tape", {"tape": "tape_installed:Storage"}, {"tape_installed": WORKING})
    source = tmp_path / "source"
    install(source, "Ticket_Export.Tape", {"tape": "tape_developed:Storage"}, {"tape_developed": WORKING}, "1.3.dev0")
    monkeypatch.syspath_prepend(source)
    assert type(opened("tape://drive")).__module__ == "tape_developed"


BROKEN = "the package ticket-export-tape 1.2.3, which adds storages of the scheme 'tape', is broken: "


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (f"raise RuntimeError('{SECRET}\\nand more')", "importing {module} raises RuntimeError"),
        (f"None.{SECRET}", "importing {module} raises AttributeError"),
        (f"from json import {SECRET}", "importing {module} raises ImportError"),
        (f"({SECRET}", "importing {module} raises SyntaxError"),
        (f"raise SystemExit('{SECRET}')", "importing {module} raises SystemExit"),
        ("import tape_robot.arm", "importing {module} needs the module 'tape_robot', which is not installed"),
        ("class Tape: ...", "there is no {module}:Storage"),
        ("class Storage: ...", "{module}:Storage has no from_url(url, settings)"),
        ("class Storage:\n    from_url = 'tape'", "{module}:Storage has no from_url(url, settings)"),
        ("class Storage:\n    from_url = lambda self: self", "opening the storage raises TypeError"),
        (
            "class Storage:\n    def from_url(url, settings):\n        raise KeyError(url)",
            "opening the storage raises KeyError",
        ),
        (
            "class Storage:\n    def from_url(url, settings):\n        import tape_robot",
            "opening the storage needs the module 'tape_robot', which is not installed",
        ),
        (
            "class Storage:\n    def from_url(url, settings):\n        return None",
            "the object that from_url returns has no provider, place, open_writer, open_reader, delete, list",
        ),
        (
            "class Storage:\n    def from_url(url, settings):\n        raise SystemExit(url)",
            "opening the storage raises SystemExit",
        ),
        ("def __getattr__(name):\n    raise KeyError(name)", "reading {module}:Storage raises KeyError"),
    ],
)
def test_broken_package_is_named_with_what_is_wrong_and_nothing_that_it_says(
    plugin: Callable[..., str], code: str, why: str
) -> None:
    module = plugin(code)
    text = refusal(f"tape://user:{SECRET}@drive")
    assert text == BROKEN + why.format(module=module)


def test_error_of_a_broken_package_is_the_cause(plugin: Callable[..., str]) -> None:
    plugin("raise RuntimeError('the drive is on fire')")
    with pytest.raises(ConfigurationError) as caught:
        opened("tape://drive")
    assert str(caught.value.__cause__) == "the drive is on fire"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("tape_nowhere:Storage", "there is no module tape_nowhere"),
        ("tape_nowhere.storage:Storage", "there is no module tape_nowhere"),
        ("json.tape:Storage", "there is no module json.tape"),
        ("json:Storage.Nested", "there is no json:Storage.Nested"),
        ("json", "json has no from_url(url, settings)"),
        ("not a module", "'not a module' is not module:attribute"),
    ],
)
def test_entry_point_that_names_nothing_is_said_to(site: Path, value: str, why: str) -> None:
    install(site, "ticket-export-tape", {"tape": value}, {})
    assert refusal("tape://drive") == BROKEN + why


def test_refusal_by_a_storage_comes_out_unchanged(plugin: Callable[..., str]) -> None:
    plugin(
        "import ticket_export\n"
        "class Storage:\n"
        "    def from_url(url, settings):\n"
        "        raise ticket_export.ConfigurationError('the drive needs a number')\n"
    )
    assert refusal("tape://drive") == "the drive needs a number"


def test_former_storage_url_with_a_line_break_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    open_former_storages(Settings(former_storage_urls=("stone://tab\nERROR: let",)))
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert ": stone://tab\\nERROR: let: " in record.getMessage()


def test_former_storage_that_cannot_be_opened_is_told_once_without_its_secret_and_refuses_every_call(
    plugin: Callable[..., str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plugin(f"raise RuntimeError('{SECRET}')")
    urls = (f"tape://user:{SECRET}@drive", f"stone://tablet?{SECRET}", tmp_path.as_uri())
    broken, unknown, folder = open_former_storages(Settings(former_storage_urls=urls))
    assert isinstance(folder, LocalStorage)
    assert [(each.provider, each.place) for each in (broken, unknown)] == [
        ("tape", "tape://user:***@drive"),
        ("stone", "stone://tablet?***"),
    ]
    first, second = (record.getMessage() for record in caplog.records)
    assert "the package ticket-export-tape 1.2.3" in first
    assert "TICKET_EXPORT_FORMER_STORAGE_URLS cannot be used: no installed package adds storages" in second
    assert ": stone://tablet?***: " in second
    assert SECRET not in caplog.text
    assert isinstance(broken, UnusableStorage)
    assert broken.is_at(urls[0])
    assert not broken.is_at(urls[1])
    for call in (
        lambda: broken.open_writer("a", "text/csv"),
        lambda: broken.open_reader("a"),
        lambda: broken.delete("a"),
        lambda: broken.list(""),
        broken.require_there,
    ):
        with pytest.raises(StorageError, match="a former storage cannot be opened") as caught:
            call()
        assert SECRET not in str(caught.value)
    (found,) = broken.problems(())
    assert found.severity == "warning"
    assert SECRET not in str(found)


def test_choosing_files_imports_no_other_storage(site: Path, tmp_path: Path) -> None:
    install(site, "ticket-export-tape", {"tape": "tape_unwanted:Storage"}, {"tape_unwanted": "raise SystemExit(9)"})
    program = (
        "import sys, ticket_export as te\n"
        f"storage = te.TicketExportContainer(settings=te.Settings(storage_url={tmp_path.as_uri()!r})).storage()\n"
        "assert type(storage).__name__ == 'LocalStorage'\n"
        "s3 = 'ticket_export.infrastructure.storage.s3.storage'\n"
        "print(*{'tape_unwanted', s3, 'smart_open', 'boto3'} & {*sys.modules})\n"
    )
    path = f"{site}:{':'.join(filter(None, sys.path))}"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (0, "\n"), ran.stderr


_rest = st.text(ascii_letters + digits + ":/?#@[]%.-_=&\\ \n\x00é", max_size=30)


@given(
    scheme=st.sampled_from(["", "file", "FILE", "stone", "tape", "C"]),
    slashes=st.sampled_from(["", ":", ":/", "://"]),
    before=_rest,
    after=_rest,
)
# All examples may have the same package.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
def test_secret_in_a_url_is_in_no_message(
    plugin: Callable[..., str], site: Path, scheme: str, slashes: str, before: str, after: str
) -> None:
    if not list(site.iterdir()):
        plugin("class Storage:\n    def from_url(url, settings):\n        raise ValueError(url)")
    url = f"{scheme}{slashes}{before}{SECRET}{after}"
    assume(SECRET not in url.partition("://")[0])  # a scheme is no secret
    try:
        text = repr(opened(url))
    except ConfigurationError as error:
        text = str(error)
    assert SECRET not in text
    assert "\n" not in text
