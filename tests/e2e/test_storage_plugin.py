"""A reader of docs/tutorial/file-systems.md has the example's plugin, whose tests pass; installed, it keeps exports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command_line import clean_environment, job, run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.document_checks import Workshop, check_console
from tests.e2e.documents import blocks
from tests.e2e.held_exports import ADMIN
from tests.e2e.typed_tutorial import TypingReader
from tests.postgresql_server import PostgresqlServer
from tests.programs import require_program
from tests.source_lines import code_lines
from tests.stores.served_store import free_port

if TYPE_CHECKING:
    # On the path only while the fixture below uses it.
    from sftp_server import SftpServer

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "storage_plugin"
PAGE = ROOT / "docs" / "tutorial" / "file-systems.md"
STORAGE = "src/ticket_export_sftp/storage.py"
PYTEST = "python -m pytest -q"
# tests/contract/test_sftp_storage.py runs all tests of the contract; these take the longest.
_QUICK = "-k 'not large and not turns and not parts and not concurrent and not any_key and not many and not published'"
#: What tests and tools leave in the example's folder.
_LEFT = {".hypothesis", ".pytest_cache", ".mypy_cache", "__pycache__"}


def offline() -> dict[str, str]:
    """An environment in which pip finds, in place of a package index, what is installed for these tests."""
    return {
        **clean_environment(),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if Path(path).is_dir() and Path(path) != ROOT),
        "PIP_NO_INDEX": "1",
        # Its way to say --no-build-isolation: hatchling is installed, too.
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }


def run(*command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=offline() | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TypingReader]:
    """A reader who has typed the tutorial, while the server of its second terminal runs."""
    require_program("sshd")
    folder = tmp_path_factory.mktemp("file-systems")
    # The page's own port may be in use.
    port = str(free_port())
    command = [sys.executable, str(EXAMPLE / "tests" / "openssh.py"), port]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"The server runs. Ctrl-C stops it.\n"
            reader = TypingReader(PAGE, folder, {"2222": port, PYTEST: f"{PYTEST} {_QUICK}"})
            reader.follow()
            yield reader
        finally:
            # As Ctrl-C does.
            server.send_signal(SIGINT)
            server.wait(60)


def test_tutorial_has_the_files_of_the_example_word_for_word(reader: TypingReader) -> None:
    saved = {name: text for name, text in reader.saved.items() if name != "README.md"}
    assert saved == {name: (EXAMPLE / name).read_text(encoding="utf-8") for name in saved}
    assert {STORAGE, "pyproject.toml", "tests/openssh.py", "tests/test_contract.py"} == saved.keys()
    assert f"\nThese are {len(code_lines(saved[STORAGE]))} lines of code, " in PAGE.read_text("utf-8")


def test_contract_suite_of_the_tutorial_passes(reader: TypingReader) -> None:
    (outcome,) = re.findall(r"^(\d+) passed, .* in ", reader.printed[f"{PYTEST}\n"], re.MULTILINE)
    assert int(outcome) >= 85


def test_exported_file_of_the_tutorial_is_on_the_server(reader: TypingReader) -> None:
    (stored,) = (reader.folder / "server" / "exports").glob("*.csv")
    assert stored.read_bytes() == (reader.folder / "tickets.csv").read_bytes()


def test_commands_of_the_tutorials_terminals_exist(tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    install, serve = (block for block in blocks(PAGE) if block.marker == "console")
    check_console(install, Workshop(tmp_path, postgresql_server))
    # What the fixture `reader` has started.
    assert serve.text == "$ . .venv/bin/activate\n$ python tests/openssh.py 2222\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed."""
    target = tmp_path_factory.mktemp("installed")
    # Of a copy, since building may leave something behind.
    source = shutil.copytree(EXAMPLE, target / "source", ignore=shutil.ignore_patterns(*_LEFT))
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, source, folder=target)
    shutil.rmtree(source)
    return target


def test_failures_of_the_example_end_as_its_tests_say(installed: Path, tmp_path: Path) -> None:
    tests = shutil.copytree(
        EXAMPLE / "tests" / "failures", tmp_path / "failures", ignore=shutil.ignore_patterns(*_LEFT)
    )
    environment = {"PYTHONPATH": f"{installed}:{offline()['PYTHONPATH']}"}
    said = run(sys.executable, "-m", "pytest", "-q", "-W", "error", tests, folder=tmp_path, environment=environment)
    (passed,) = re.findall(r"^(\d+) passed in ", said, re.MULTILINE)
    assert int(passed) >= 30


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    monkeypatch.syspath_prepend(EXAMPLE / "tests" / "failures")
    from sftp_server import serving

    (tmp_path / "home").mkdir()
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served", tmp_path / "home" / ".ssh" / "known_hosts") as server:
        yield server


@pytest.fixture
def settings(installed: Path, help_desk: HelpDesk, server: SftpServer) -> Mapping[str, str]:
    """Those of an operator who keeps exports on the server."""
    from sftp_server import PASSWORD

    return {
        **help_desk.settings,
        "TICKET_EXPORT_STORAGE_URL": server.url,
        "TICKET_EXPORT_SFTP_PASSWORD": PASSWORD,
        "HOME": str(help_desk.folder / "home"),
        "PYTHONPATH": str(installed),
    }


def test_installed_plugin_takes_what_a_worker_exports_and_gives_it_to_whoever_downloads(
    help_desk: HelpDesk, server: SftpServer, settings: Mapping[str, str]
) -> None:
    def done(*arguments: str) -> bytes:
        ended = run_script(*arguments, folder=help_desk.folder, settings=settings)
        assert ended.exit_code == 0, ended.err
        return ended.out

    requested = run_script(
        "request", "--columns", "id,title", *ADMIN, "--json", folder=help_desk.folder, settings=settings
    )
    done("worker", "--drain")
    done("download", str(job(requested)["id"]), *ADMIN, "--output", "tickets.csv")
    downloaded = (help_desk.folder / "tickets.csv").read_bytes()
    files = (path for path in (server.folder / "exports").iterdir() if not path.name.endswith("owner.json"))
    stored = {path.name: path.read_bytes() for path in files}
    assert len(downloaded.splitlines()) > 100
    assert [data for name, data in stored.items() if name.endswith(".csv")] == [downloaded]
    assert [name.rpartition(".csv")[2] for name in sorted(stored)] == ["", ".manifest.json"]


def test_server_that_nobody_has_vouched_for_is_bad_input_in_a_line(
    help_desk: HelpDesk, server: SftpServer, settings: Mapping[str, str]
) -> None:
    (help_desk.folder / "home" / ".ssh" / "known_hosts").unlink()
    ended = run_script("cleanup", folder=help_desk.folder, settings=settings)
    assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1)
    assert "known_hosts" in ended.problems[0]
    assert server.logins == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "stone://user:hunter2@tablet",
            "no installed package adds storages of the scheme 'stone'; known schemes are azure, file, gs, s3, sftp.",
        ),
        ("sftp://user:hunter2@host/srv", "the storage URL cannot be used; use sftp://user@host:port/folder"),
        ("/srv/hunter2", "it has no scheme; a URL with a scheme is file:///an/absolute/folder"),
    ],
)
def test_storage_that_cannot_be_opened_is_bad_input_in_a_line_without_the_secret(
    help_desk: HelpDesk, settings: Mapping[str, str], url: str, says: str
) -> None:
    ended = run_script("cleanup", folder=help_desk.folder, settings={**settings, "TICKET_EXPORT_STORAGE_URL": url})
    assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1)
    assert says in ended.problems[0]
    assert "hunter2" not in ended.err


def test_broken_plugin_is_bad_input_in_a_line_that_names_it(
    help_desk: HelpDesk, settings: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "paramiko.py").write_text("raise ModuleNotFoundError('gone', name='paramiko')")
    hidden = {**settings, "PYTHONPATH": f"{tmp_path}:{settings['PYTHONPATH']}"}
    ended = run_script("cleanup", folder=help_desk.folder, settings=hidden)
    assert (ended.exit_code, len(ended.err.splitlines())) == (2, 1)
    assert "the package ticket-export-sftp 0.1.0" in ended.problems[0]
    assert "needs the module 'paramiko', which is not installed" in ended.problems[0]
