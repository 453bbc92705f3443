"""Whatever a file is called, the header is one line, and leads out of no folder."""

from __future__ import annotations

import re
import string
import unicodedata
from email.message import Message
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ticket_export.application.file.download import MAX_NAME_LENGTH, content_disposition

#: RFC 6266 with a quoted string that needs no escapes.
_GRAMMAR = re.compile(r'attachment; filename="(?P<name>[ !#$&-\[\]-~]+)"')
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{digit}" for port in ("COM", "LPT") for digit in range(10))}


def name_in(header: str) -> str:
    match = _GRAMMAR.fullmatch(header)
    assert match, header
    return match["name"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("tickets-20260301T120000Z.csv", 'attachment; filename="tickets-20260301T120000Z.csv"'),
        ("my tickets.csv.gz", 'attachment; filename="my tickets.csv.gz"'),
        ("Vorgänge.csv", 'attachment; filename="Vorg_nge.csv"'),
        ("报告.csv", 'attachment; filename="__.csv"'),
        ("100%.csv", 'attachment; filename="100_.csv"'),
        ('a"b\\c.csv', 'attachment; filename="a_b_c.csv"'),
        ("a\r\nSet-Cookie: x=1.csv", 'attachment; filename="a__Set-Cookie_ x_1.csv"'),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ("/etc/passwd", 'attachment; filename="_etc_passwd"'),
        ("C:\\Windows\\x.csv", 'attachment; filename="C__Windows_x.csv"'),
        ("a\0.csv", 'attachment; filename="a_.csv"'),
        # Shown as "cod.exe" with "exe" and "csv" swapped, were the mark left in.
        ("\u202evsc.exe", 'attachment; filename="_vsc.exe"'),
        ("．．／a.csv", 'attachment; filename="___a.csv"'),
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
    name = name_in(content_disposition("x" * 1000 + ".csv.gz"))
    assert name == "x" * (MAX_NAME_LENGTH - 7) + ".csv.gz"


@given(st.text())
@example("a" * 300 + ".csv")
@example("." * 300)
@example("ﷺ" * 30)
@example("." * 10 + "a" * 250)
@example("..NUL.csv")
@example("com1\n")
@example("\u212aſ\u0131")
def test_any_name_is_one_name_in_one_line(text: str) -> None:
    name = name_in(content_disposition(text))
    assert len(name.encode()) <= MAX_NAME_LENGTH
    assert name not in {"", ".", ".."}
    assert not name.startswith(".")
    assert name == name.strip(". ")
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for letter in name)
    assert name.split(".")[0].upper() not in _DEVICES


@given(st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=40))
@example("tickets-20260301T120000Z.csv")
@example("tickets-20260301T120000Z.csv.gz")
def test_harmless_name_arrives_as_it_is(name: str) -> None:
    assume(name == name.strip(".") and name.split(".", maxsplit=1)[0].upper() not in _DEVICES)
    message = Message()
    message["Content-Disposition"] = content_disposition(name)
    assert name_in(message["Content-Disposition"]) == name
    assert message.get_filename() == name
