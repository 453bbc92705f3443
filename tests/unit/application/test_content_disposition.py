"""Whatever a file is called, the header is one line, says so to browsers old and new, and leads out of no folder."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ticket_export.application.file.download import MAX_NAME_BYTES, content_disposition, safe_file_name

#: RFC 6266 with a quoted string that needs no escapes, and RFC 8187's spelling after it.
_GRAMMAR = re.compile(
    r'attachment; filename="(?P<plain>[ !#$&-\[\]-~]+)"'
    r"(?:; filename\*=UTF-8''(?P<full>(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+))?"
)


def spellings(header: str) -> tuple[str, str]:
    match = _GRAMMAR.fullmatch(header)
    assert match, header
    return match["plain"], unquote(match["full"] or match["plain"], errors="strict")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("tickets-20260301T120000Z.csv", 'attachment; filename="tickets-20260301T120000Z.csv"'),
        ("my tickets.csv.gz", 'attachment; filename="my tickets.csv.gz"'),
        ("Vorgänge.csv", "attachment; filename=\"Vorgange.csv\"; filename*=UTF-8''Vorg%C3%A4nge.csv"),
        ("报告.csv", "attachment; filename=\"csv\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.csv"),
        ("报告", "attachment; filename=\"download\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A"),
        ("100%.csv", "attachment; filename=\"100_.csv\"; filename*=UTF-8''100%25.csv"),
        ('a"b\\c.csv', 'attachment; filename="a_b_c.csv"'),
        ("a\r\nSet-Cookie: x=1.csv", 'attachment; filename="a__Set-Cookie_ x=1.csv"'),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ("/etc/passwd", 'attachment; filename="_etc_passwd"'),
        ("C:\\Windows\\x.csv", 'attachment; filename="C__Windows_x.csv"'),
        ("a\0.csv", 'attachment; filename="a_.csv"'),
        # Shown as "cod.exe" with "exe" and "csv" swapped, were the mark left in.
        ("\u202evsc.exe", 'attachment; filename="_vsc.exe"'),
        ("．．／a.csv", "attachment; filename=\"_a.csv\"; filename*=UTF-8''%EF%BC%8E%EF%BC%8E%EF%BC%8Fa.csv"),
        ("\ud800.csv", 'attachment; filename="_.csv"'),
        (".hidden", 'attachment; filename="hidden"'),
        ("nul.csv", 'attachment; filename="_.csv"'),
        ("COM1", 'attachment; filename="_"'),
        ("console.csv", 'attachment; filename="console.csv"'),
        ("", 'attachment; filename="download"'),
        ("..", 'attachment; filename="download"'),
    ],
)
def test_header_of_a_name(name: str, header: str) -> None:
    assert content_disposition(name) == header


def test_name_that_is_too_long_keeps_its_end() -> None:
    assert safe_file_name("x" * 1000 + ".csv.gz") == "x" * (MAX_NAME_BYTES - 7) + ".csv.gz"
    assert safe_file_name("ä" * 1000) == "ä" * (MAX_NAME_BYTES // 2)


@given(st.text())
@example("a" * 300 + ".csv")
@example("." * 300)
@example("ﷺ" * 30)
def test_any_name_is_one_name_in_one_line(name: str) -> None:
    plain, full = spellings(content_disposition(name))
    for each in (plain, full):
        assert len(each.encode()) <= MAX_NAME_BYTES
        assert each not in {"", ".", ".."}
        assert not each.startswith(".")
        assert PurePosixPath(each).name == PureWindowsPath(each).name == each
        assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for letter in each)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=40))
def test_harmless_name_arrives_as_it_is(name: str) -> None:
    name = unicodedata.normalize("NFC", name)
    assume(name.upper() not in {"CON", "PRN", "AUX", "NUL"} and name[:3].upper() not in {"COM", "LPT"})
    message = Message()
    message["Content-Disposition"] = content_disposition(name)
    assert spellings(message["Content-Disposition"])[1] == name
    if name.isascii():
        assert message.get_filename() == name
