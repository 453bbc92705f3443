"""Reference pages list every setting, command, option, exit code and key of JSON; pages quote messages that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk
from tests.e2e.documents import ROOT
from ticket_export.application.dto import ExportPage, RequestedExportDto
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.settings import Settings

SETTINGS: Final = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
COMMAND_LINE: Final = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
_ROW: Final = re.compile(r"^\| (?P<names>[^|]+?) \| (?P<rest>.*) \|$", re.MULTILINE)
_OPTION: Final = re.compile(r"--[a-z][a-z-]*")


def section(page: str, title: str) -> str:
    """The text below a heading of the second level."""
    _, _, rest = page.partition(f"\n## {title}\n")
    assert rest, f"there is no section {title!r}"
    return rest.partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What is quoted in the first cell of each row of the tables."""
    return [name for row in _ROW.finditer(text) for name in re.findall(r"`([^`]+)`", row["names"])]


def options_in(text: str) -> list[str]:
    return [option for cell in first_cells(text) for option in _OPTION.findall(cell)]


def documented_default(value: object) -> str:
    """A default as the page spells it."""
    if value in {None, ()}:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text.removesuffix('.0')}`"


@pytest.fixture
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No option is cut off."""
    monkeypatch.setenv("COLUMNS", "250")


def shown_commands() -> list[str]:
    commands = run_command("--help").text.partition("Commands")[2]
    return re.findall(r"^│ ([a-z][a-z-]*) ", commands, flags=re.MULTILINE)


def shown_options(*arguments: str) -> set[str]:
    """The options in a help text, but for --help itself."""
    shown = run_command(*arguments, "--help").text
    return set(re.findall(r"^│ \*? *(--[a-z][a-z-]*)", shown, flags=re.MULTILINE)) - {"--help"}


def test_every_setting_is_listed_once() -> None:
    assert sorted(first_cells(SETTINGS)) == sorted(f"TICKET_EXPORT_{name.upper()}" for name in Settings.model_fields)


def test_default_of_a_setting_is_the_one_listed() -> None:
    listed = {row["names"].strip("`"): row["rest"].partition("|")[0].strip() for row in _ROW.finditer(SETTINGS)}
    defaults = {
        f"TICKET_EXPORT_{name.upper()}": documented_default(field.default)
        for name, field in Settings.model_fields.items()
        if field.default_factory is None
    }
    defaults["TICKET_EXPORT_STORAGE_URL"] = "`./exports`"
    assert {name: default for name, default in listed.items() if name in defaults} == defaults


def test_default_storage_is_the_folder_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TICKET_EXPORT_STORAGE_URL", raising=False)
    assert Settings.load().storage_url == (tmp_path / "exports").as_uri()


@pytest.mark.usefixtures("wide_terminal")
def test_every_command_has_a_section() -> None:
    listed = re.findall(r"^## `([a-z-]+)`$", COMMAND_LINE, flags=re.MULTILINE)
    assert sorted(listed) == sorted(shown_commands())


@pytest.mark.usefixtures("wide_terminal")
def test_every_option_is_listed_with_its_command() -> None:
    shown = {command: shown_options(command) for command in shown_commands()}
    assert all(shown.values())
    listed = {command: options_in(section(COMMAND_LINE, f"`{command}`")) for command in shown}
    assert {command: sorted(options) for command, options in shown.items()} == {
        command: sorted(options) for command, options in listed.items()
    }


@pytest.mark.usefixtures("wide_terminal")
def test_every_global_option_is_listed() -> None:
    assert set(options_in(section(COMMAND_LINE, "For every command"))) == shown_options()


def test_every_exit_code_is_listed() -> None:
    codes = re.findall(r"^\| (\d+) \|", section(COMMAND_LINE, "Exit codes"), flags=re.MULTILINE)
    assert [int(code) for code in codes] == sorted(ExitCode)


def test_every_key_of_an_export_is_listed() -> None:
    keys = [field.alias or name for name, field in RequestedExportDto.model_fields.items()]
    assert first_cells(section(COMMAND_LINE, "JSON of an export")) == keys


def test_every_key_of_a_page_is_named() -> None:
    keys = {field.alias or name for name, field in ExportPage.model_fields.items()}
    assert keys <= set(re.findall(r"`([a-zA-Z]+)`", section(COMMAND_LINE, "`list`")))


def test_every_key_of_what_columns_and_cleanup_print_is_named(help_desk: HelpDesk) -> None:
    columns = run_command("columns", "--json").document
    assert isinstance(columns, list)
    cleanup = run_command("cleanup", "--json").document
    assert isinstance(cleanup, dict)
    for command, keys in {"columns": columns[0], "cleanup": cleanup}.items():
        (row,) = [
            row["rest"] for row in _ROW.finditer(section(COMMAND_LINE, f"`{command}`")) if "--json" in row["names"]
        ]
        assert re.findall(r"`(\w+)`", row) == list(keys)


def test_every_message_to_look_up_is_one_of_the_library() -> None:
    page = (ROOT / "docs" / "how-to" / "solve-problems.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    messages = first_cells(section(page, "Messages"))
    assert messages
    assert [each for each in messages if not any(each in source for source in sources)] == []
