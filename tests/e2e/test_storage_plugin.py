"""The tutorial builds the plugin of the examples, whose tests pass; installed, the command line finds it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command_line import clean_environment, job, run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import ADMIN

if TYPE_CHECKING:
    # On the path only while the fixture below uses it.
    from sftp_server import SftpServer

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "storage_plugin"
TUTORIAL = (ROOT / "docs" / "storage-plugins.md").read_text(encoding="utf-8")
# What follows the language is the file that the block is to be saved as.
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
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


def run(*command: str | Path, folder: Path) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=offline(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_tutorial_has_every_file_of_the_example_word_for_word() -> None:
    in_tutorial = {name: content for _, name, content in _BLOCK.findall(TUTORIAL) if name}
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and _LEFT.isdisjoint(path.parts)]
    in_example = {str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8") for path in files}
    assert in_example.pop("src/ticket_export_sftp/py.typed") == ""
    assert in_tutorial == in_example


def test_who_follows_the_tutorial_has_a_plugin_that_the_library_knows_and_whose_tests_pass(tmp_path: Path) -> None:
    shown: list[str] = []
    for language, name, content in _BLOCK.findall(TUTORIAL):
        if name:
            (tmp_path / name).write_text(content, encoding="utf-8")
        else:
            assert language == "sh"
            shown += run("sh", "-ec", content, folder=tmp_path).splitlines()
    assert [line.split() for line in shown if "sftp" in line.split()] != []
    (outcome,) = [line for line in shown if re.search(r"\d passed", line)]
    assert int(re.findall(r"(\d+) passed", outcome)[0]) > 90
    assert "failed" not in outcome
    assert len(list(tmp_path.glob("dist/ticket_export_sftp-*.whl"))) == 1


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed."""
    target = tmp_path_factory.mktemp("installed")
    # Of a copy, since building may leave something behind.
    source = shutil.copytree(EXAMPLE, target / "source", ignore=shutil.ignore_patterns(*_LEFT))
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, source, folder=target)
    shutil.rmtree(source)
    return target


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    monkeypatch.syspath_prepend(EXAMPLE / "tests")
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
    assert "ssh-keyscan" in ended.problems[0]
    assert server.logins == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "stone://user:hunter2@tablet",
            "no installed package adds storages of the scheme 'stone'; known schemes are file, s3, sftp.",
        ),
        ("sftp://user:hunter2@host/srv", "the storage URL holds a password; set TICKET_EXPORT_SFTP_PASSWORD instead"),
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
