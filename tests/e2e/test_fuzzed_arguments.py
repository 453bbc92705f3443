from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.command_line import run_command
from tests.e2e.conftest import HelpDesk

# No slash: nothing is to be written outside the test's folder.
_TEXTS = st.text(st.characters(exclude_characters="\0/") | st.characters(categories=["Cs"]), max_size=12)
_KNOWN = st.sampled_from(
    [
        *(
            "--as",
            "admin@example.test",
            "viewer@example.test",
            "--output",
            "a.csv",
            "-",
            "--json",
            "--columns",
            "id,tags",
        ),
        *("--filter", "id:gt:5", "status:eq:open", "--sort", "creationTime:desc", "--search", "x", "--team", "--help"),
        *("--format", "xlsx", "csv", "--delimiter", "tab", ";", "--no-header", "--no-bom"),
        *("--payload", "--time-zone", "Asia/Tokyo", "--page", "3", "00000000-0000-0000-0000-000000000000", "--debug"),
    ]
)
_COMMANDS = st.sampled_from(
    ["columns", "export", "request", "show", "retry", "cancel", "list", "download", "cleanup", "migrate"]
)


@given(command=_COMMANDS, options=st.lists(_KNOWN | _TEXTS, max_size=9), early=st.lists(_TEXTS, max_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_ends_in_an_answer_or_in_lines_that_say_why_not(
    help_desk: HelpDesk, command: str, options: list[str], early: list[str]
) -> None:
    ended = run_command(*early, command, *options)
    assert ended.exit_code in {0, 1, 2, 3, 4}
    assert "Traceback" not in ended.err
    assert "error: unexpected " not in ended.err
    assert bool(ended.problems) == (ended.exit_code != 0)


@pytest.mark.parametrize("text", ["\udcff", "\x1b[2J", "a\nb", "\u2028", "\u202e"])
@pytest.mark.parametrize("option", ["--as", "--columns", "--filter", "--payload", "--team", "--nope", ""])
def test_text_that_terminals_obey_comes_back_as_an_escape(help_desk: HelpDesk, option: str, text: str) -> None:
    options = {"--as": "admin@example.test", "--output": "none/a.csv", "--columns": "id", option: text}
    if option == "--payload":
        del options["--columns"]
    ended = run_command("export", *(part for pair in options.items() for part in pair if part))
    assert ended.exit_code == 2
    assert text not in ended.err
    assert len(ended.err.splitlines()) == len(ended.problems) > 0
