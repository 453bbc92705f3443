"""The installed formats are offered, and whatever is wrong with one is said in a line."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.unit.infrastructure.storage.installed_packages import install
from ticket_export import ConfigurationError, Settings
from ticket_export.infrastructure.formats.registry import open_formats
from ticket_export.settings import FORMATS

_numbers = count()

WORKING = """
from ticket_export.ports import PlainFormat

class Format(PlainFormat):
    name = "lines"
    extension = ".txt"
    content_type = "text/plain"

    def rows(self, columns, cells):
        return b"row" * len(cells)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Installs a package with this code; gives the name of its module, which no other test has."""
    monkeypatch.syspath_prepend(tmp_path)

    def lay(code: str, attribute: str = "Format", name: str = "lines", package: str = "ticket-export-lines") -> str:
        module = f"lines_{next(_numbers)}"
        install(tmp_path, package, {name: f"{module}:{attribute}"}, {module: code}, group=FORMATS)
        return module

    return lay


def refusal(name: str = "lines") -> str:
    with pytest.raises(ConfigurationError) as caught:
        open_formats(Settings(formats=(name,)))
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_librarys_own_formats_are_offered_and_csv_is_the_default() -> None:
    assert list(open_formats(Settings()).by_name) == ["csv", "ndjson", "xlsx"]


def test_settings_choose_and_order_the_formats() -> None:
    assert list(open_formats(Settings(formats=("xlsx", "csv"))).by_name) == ["xlsx", "csv"]


def test_format_of_an_installed_package_is_offered(plugin: Callable[..., str]) -> None:
    plugin(WORKING)
    assert list(open_formats(Settings()).by_name) == ["csv", "lines", "ndjson", "xlsx"]
    assert open_formats(Settings(formats=("lines",))).of(None).rows((), [(), ()]) == b"rowrow"


def test_unknown_format_says_which_are_known_and_what_to_install() -> None:
    assert refusal("pdf") == (
        "TICKET_EXPORT_FORMATS: no installed package adds the format 'pdf'; known are csv, ndjson, xlsx. For another "
        "one, install a package that has an entry point of that name in the group ticket_export.format"
    )


def test_two_packages_with_one_format_are_both_named(plugin: Callable[..., str]) -> None:
    plugin(WORKING)
    plugin(WORKING, package="other-lines")
    assert refusal() == (
        "more than one package adds the format 'lines': other-lines 1.2.3 and ticket-export-lines 1.2.3; "
        "uninstall all but one"
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise ValueError('secret')", "importing {module} raises ValueError"),
        ("import no_such_module", "importing {module} needs the module 'no_such_module', which is not installed"),
        ("", "there is no {module}:Format"),
        ("Format = 7", "{module}:Format is not a class that inherits FileFormat"),
        ("class Format: name = 'lines'", "{module}:Format is not a class that inherits FileFormat"),
        (WORKING.replace("def rows", "def records"), "{module}:Format has no rows"),
        (
            WORKING.replace('"lines"', '"Lines"'),
            "{module}:Format: its name is 'Lines'; it must be the entry point's: lower-case letters, digits and '-'",
        ),
        (WORKING.replace(".txt", "txt"), "{module}:Format: its extension is 'txt'; use one such as '.html'"),
        (WORKING.replace(".txt", "./a"), "{module}:Format: its extension is './a'; use one such as '.html'"),
        (
            WORKING.replace("text/plain", "text\\r\\nX: y"),
            "{module}:Format: its content_type is 'text\\r\\nX: y'; use a media type such as 'text/html'",
        ),
        *(
            (
                WORKING.replace('    name = "lines"', f'    name = "lines"\n    {declared}'),
                "{module}:Format: its " + wrong,
            )
            for declared, wrong in (
                (
                    "options = frozenset(['colour'])",
                    "options are frozenset({{'colour'}}); use a frozenset of 'bom', 'delimiter' and 'header'",
                ),
                ("options = ['bom']", "options are ['bom']; use a frozenset of 'bom', 'delimiter' and 'header'"),
                ("is_packed = 'no'", "is_packed is 'no'; it must be True or False"),
            )
        ),
    ],
)
def test_broken_package_is_named_with_what_is_wrong(plugin: Callable[..., str], code: str, why: str) -> None:
    module = plugin(code)
    broken = "the package ticket-export-lines 1.2.3, which adds the format 'lines', is broken: "
    assert refusal() == broken + why.format(module=module)


def test_broken_package_that_nobody_asked_for_stops_no_other_format(
    plugin: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    plugin("raise ValueError")
    formats = open_formats(Settings())
    assert list(formats.by_name) == ["csv", "ndjson", "xlsx"]
    assert "the format 'lines' is not offered: the package ticket-export-lines 1.2.3" in caplog.text
    (finding,) = formats.problems(())
    assert str(finding).startswith("warning: formats: 'lines' is not offered: the package ticket-export-lines 1.2.3")
    assert "TICKET_EXPORT_FORMATS" in finding.remedy
