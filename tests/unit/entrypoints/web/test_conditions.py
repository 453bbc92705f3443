"""Conditions and ranges are those of RFC 9110, sections 13 and 14, and take linear time whatever a header holds."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticket_export.entrypoints.web.conditions import (
    ByteRange,
    UnsatisfiableRangeError,
    fails_match,
    is_unchanged,
    names_tag,
    wanted_range,
)

TAG = "0123abcd"
DATA = bytes(range(100))
# More than the largest header that uvicorn and gunicorn accept.
LONGEST = 1 << 16
HUGE = "9" * 5000


def part(header: str, length: int = len(DATA), **conditions: str) -> ByteRange | None:
    """The wanted part of a file of so many bytes."""
    headers = {"range": header} | {name.replace("_", "-"): text for name, text in conditions.items()}
    return wanted_range(headers, tag=TAG, length=length)


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=99-99", 99, 99),
        ("bytes=40-", 40, 99),
        ("bytes=40-1000", 40, 99),
        (f"bytes=40-{HUGE}", 40, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-100", 0, 99),
        ("bytes=-101", 0, 99),
        (f"bytes=-{HUGE}", 0, 99),
        (f"bytes={'0' * 5000}5-{'0' * 5000}9", 5, 9),
        # A list of one range, the unit in any case, white space where RFC 9110 has it.
        ("bytes=, ,5-9 ,", 5, 9),
        ("\tBytes= 5-9 ", 5, 9),
    ],
)
def test_one_range_is_one_part(header: str, start: int, end: int) -> None:
    assert part(header) == ByteRange(start, end)
    assert ByteRange(start, end).length == len(DATA[start : end + 1])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=9-5",
        "bytes=a-b",
        "bytes=5-9x",
        "bytes=5 - 9",
        "bytes =5-9",
        "bytes=5--9",
        "bytes=+5-9",
        "bytes=5",
        "bytes=0x5-9",
        "bytes=1_0-20",
        "bytes=\u0665-\u0669",
        "bytes=5-9-",
        "bytes==5-9",
        "rows=5-9",
        "5-9",
        # Several ranges, which may overlap or come again.
        "bytes=0-1,5-9",
        "bytes=0-0,0-0",
        "bytes=0-,-1",
        "bytes=200-,0-1",
        f"bytes={','.join(['0-'] * 1000)}",
    ],
)
def test_whatever_is_not_one_range_asks_for_the_whole(header: str) -> None:
    assert part(header) is None


def test_request_without_a_range_asks_for_the_whole() -> None:
    assert wanted_range({}, tag=TAG, length=len(DATA)) is None
    assert wanted_range({"if-range": f'"{TAG}"'}, tag=TAG, length=len(DATA)) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=-000", f"bytes={HUGE}-{HUGE}"])
def test_range_without_a_byte_of_the_file_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        part(header)


def test_an_empty_file_has_no_part_and_its_end_is_the_whole() -> None:
    for header in ("bytes=0-", "bytes=0-0", "bytes=-0"):
        with pytest.raises(UnsatisfiableRangeError):
            part(header, length=0)
    assert part("bytes=-1", length=0) is None
    assert part(f"bytes=-{HUGE}", length=0) is None


@pytest.mark.parametrize(
    "condition",
    [
        f'W/"{TAG}"',
        TAG,
        f'"{TAG}",',
        f'"{TAG}", "{TAG}"',
        f'"{TAG.upper()}"',
        '""',
        "",
        "*",
        "Sun, 29 Nov 2026 12:00:00 GMT",
        "Sun, 29 Nov 9999 12:00:00 GMT",
    ],
)
def test_if_range_with_anything_but_the_strong_tag_asks_for_the_whole(condition: str) -> None:
    assert part("bytes=5-9", if_range=condition) is None
    # Not 416: the bytes of another file say nothing of this one.
    assert part("bytes=1000-", if_range=condition) is None


@pytest.mark.parametrize("condition", [f'"{TAG}"', f' "{TAG}"\t'])
def test_if_range_with_the_strong_tag_asks_for_the_part(condition: str) -> None:
    assert part("bytes=5-9", if_range=condition) == ByteRange(5, 9)
    with pytest.raises(UnsatisfiableRangeError):
        part("bytes=1000-", if_range=condition)


_NUMBERS = st.integers(0, 130) | st.integers(0, 10**17)
_BETWEEN = st.text(alphabet=" \t,", max_size=4)


@given(_NUMBERS, st.none() | _NUMBERS, st.integers(0, 3), _BETWEEN, _BETWEEN, st.integers(0, 120))
@example(0, 0, 0, "", "", 1)
def test_range_from_a_byte_on_is_that_slice(
    first: int, last: int | None, zeros: int, before: str, after: str, length: int
) -> None:
    header = f"bytes={before}{'0' * zeros}{first}-{'' if last is None else last}{after}"
    stop = length if last is None else last + 1
    if last is not None and last < first:
        assert part(header, length) is None
    else:
        claim_slice(header, length, range(length)[first:stop])


@given(_NUMBERS, _BETWEEN, st.integers(1, 120))
def test_range_of_a_suffix_is_that_slice(suffix: int, between: str, length: int) -> None:
    claim_slice(f"bytes={between}-{suffix}", length, range(length)[max(0, length - suffix) :])


def claim_slice(header: str, length: int, wanted: range) -> None:
    try:
        found = part(header, length)
    except UnsatisfiableRangeError:
        assert not wanted
    else:
        assert found == ByteRange(wanted[0], wanted[-1])


@given(st.text(alphabet="bytes= \t,-0123456789", max_size=40), st.integers(0, 120))
def test_no_header_asks_for_bytes_beyond_the_file(header: str, length: int) -> None:
    try:
        found = part(f"bytes={header}", length)
    except UnsatisfiableRangeError:
        return
    assert found is None or 0 <= found.start <= found.end < length


@pytest.mark.parametrize(
    ("header", "weakly", "strongly"),
    [
        (f'"{TAG}"', True, True),
        (f'W/"{TAG}"', True, False),
        (f'"other", W/"other",\t"{TAG}"', True, True),
        (f'"other",W/"{TAG}"', True, False),
        (f' , ,"{TAG}",,', True, True),
        # A tag may hold a comma.
        (f'"a,b", "{TAG}"', True, True),
        ("*", True, True),
        (" * ", True, True),
        ("", False, False),
        ('""', False, False),
        (TAG, False, False),
        (f"'{TAG}'", False, False),
        (f'"{TAG.upper()}"', False, False),
        (f'"{TAG}', False, False),
        (f'"a {TAG}"', False, False),
        (f'w/"{TAG}"', False, False),
        (f'W/ "{TAG}"', False, False),
        ('*, "other"', False, False),
        # What is within a tag is not a tag of its own.
        (f'"x,"{TAG}",y"', False, False),
    ],
)
def test_list_names_its_tags_by_weak_and_by_strong_comparison(header: str, weakly: bool, strongly: bool) -> None:
    assert is_unchanged({"if-none-match": header}, TAG) == weakly
    assert fails_match({"if-match": header}, TAG) == (not strongly)


def test_header_that_is_not_there_is_no_condition() -> None:
    assert not is_unchanged({}, TAG)
    assert not fails_match({}, TAG)


_TAGS = st.text(alphabet=[chr(code) for code in (0x21, *range(0x23, 0x7F), *range(0x80, 0x100))], max_size=5)


@given(st.lists(st.tuples(st.booleans(), _TAGS), max_size=5), _TAGS, st.data())
def test_any_list_names_the_tags_that_it_was_made_of(
    tags: list[tuple[bool, str]], tag: str, data: st.DataObject
) -> None:
    between = data.draw(st.sampled_from([",", ", ", " ,\t", ",,"]))
    header = between.join(f'{"W/" if weak else ""}"{text}"' for weak, text in tags)
    assert names_tag(header, tag, weakly=True) == (tag in {text for _, text in tags})
    assert names_tag(header, tag, weakly=False) == (tag in {text for weak, text in tags if not weak})


# Headers of 64 KiB. If the time grew with the square of their length, each would take seconds.
_REPEATED = (
    " ",
    "\t",
    ",",
    " ,",
    "0",
    "1",
    "9 ",
    "0-0,",
    "-",
    "=",
    "-1,",
    "a",
    '"',
    'W/"',
    '"a"',
    '"a",',
    '" ',
    "bytes=",
)
_ENDS = ("", "x", "-", '"', "-1", " -", "\x00")


@pytest.mark.parametrize("beginning", ["", "bytes=", "bytes=5", "bytes=5-", "bytes=-", '"', 'W/"'])
def test_longest_headers_take_linear_time(beginning: str) -> None:
    headers = [
        (beginning + repeated * LONGEST)[: LONGEST - len(end)] + end for repeated, end in product(_REPEATED, _ENDS)
    ]
    for header in headers:
        began = time.thread_time()
        try:
            wanted_range({"range": header}, tag=TAG, length=len(DATA))
        except UnsatisfiableRangeError:
            assert set(header) <= set("bytes= \t,-0123456789")
        wanted_range({"range": "bytes=0-1", "if-range": header}, tag=TAG, length=len(DATA))
        fails_match({"if-match": header}, TAG)
        is_unchanged({"if-none-match": header}, TAG)
        seconds = time.thread_time() - began
        assert seconds < 1, header[:40]
