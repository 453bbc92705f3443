from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.application.columns import CATEGORY, EXTERNAL, ID, STATUS, TEAM
from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.application.view.filter_values import (
    parse_choices,
    parse_days,
    parse_ids,
    parse_moment,
    parse_number,
    shifted,
    shifted_day,
    split_values,
)
from ticket_export.application.view.limits import MAX_VALUES

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
TEAM_ID = "6f1b3a0e-8f0e-4c8e-9d3a-0f4f6a1b2c3d"
any_text = st.text(st.characters(exclude_categories=()))


class TestLists:
    @pytest.mark.parametrize(
        ("value", "members"),
        [
            ("a", ("a",)),
            ("a,b", ("a", "b")),
            (" a , b c ,, ", ("a", "b c")),
            ('["a","b, c"]', ("a", "b, c")),
            (' ["a", 2, -1.5, "", " "] ', ("a", "2", "-1.5", " ")),
            ("[a,b]", ("[a", "b]")),
            ('{"a": 1}', ('{"a": 1}',)),
            pytest.param("[" * 2_000, ("[" * 2_000,), id="deep"),
        ],
    )
    def test_a_json_list_or_texts_between_commas(self, value: str, members: tuple[str, ...]) -> None:
        assert split_values(value) == members

    @given(st.lists(st.text().filter(lambda text: text != "" and "\x00" not in text), min_size=1))
    def test_a_json_list_can_hold_any_text(self, members: list[str]) -> None:
        assert split_values(json.dumps(members)) == tuple(members)

    @pytest.mark.parametrize("value", [",", " , ,", "[]", '[""]'])
    def test_a_list_of_nothing_is_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="at least one value"):
            split_values(value)

    @pytest.mark.parametrize("value", ["[true]", "[null]", "[[1]]", '[{"a":1}]'])
    def test_a_list_of_something_else_is_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="only texts and numbers"):
            split_values(value)

    @pytest.mark.parametrize("value", [r'["a\u0000"]', r'["\ud800"]'])
    def test_a_text_that_no_database_holds_is_refused_also_behind_a_json_escape(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"NUL character|surrogate pair"):
            split_values(value)

    def test_a_list_has_a_limit(self) -> None:
        assert len(split_values(",".join(["x"] * MAX_VALUES))) == MAX_VALUES
        with pytest.raises(ValueError, match=f"holds {MAX_VALUES + 1} values; at most {MAX_VALUES} are allowed"):
            split_values(",".join(["x"] * (MAX_VALUES + 1)))


class TestText:
    @given(any_text)
    @example("\x00")
    @example("\udc80")
    def test_what_utf_8_can_hold_is_storable_but_for_nul(self, text: str) -> None:
        try:
            storable = b"\x00" not in text.encode()
        except UnicodeEncodeError:
            storable = False
        if storable:
            require_storable(text)
        else:
            with pytest.raises(ValueError, match=r"NUL character|surrogate pair"):
                require_storable(text)

    @given(any_text)
    @example("line\nbreak \x1b[31m \ud800 \u2028")
    def test_a_quoted_text_is_short_and_on_one_line_of_ascii(self, text: str) -> None:
        shown = quoted(text)
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown) <= len(r"'\U0001f600'") * 60

    def test_a_long_text_is_cut(self) -> None:
        assert quoted("x" * 60) == f"'{'x' * 60}'"
        assert quoted("x" * 61) == f"'{'x' * 57}...'"


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("42", 42),
            (" -7 ", -7),
            ("+1", 1),
            ("007", 7),
            ("-0", 0),
            ("1.50", Decimal("1.5")),
            ("5.0", 5),
            ("1e3", 1000),
            ("1e-07", Decimal("1e-7")),
            ("1E+16", 10**16),
            (str(2**63 - 1), 2**63 - 1),
            (str(-(2**63)), -(2**63)),
        ],
    )
    def test_a_decimal_number_is_read_exactly(self, text: str, number: int | Decimal) -> None:
        assert parse_number(text) == number
        assert type(parse_number(text)) is type(number)

    @given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(-1e18, 1e18)))
    @example(1e-07)
    @example(1e16)
    def test_every_number_of_a_json_payload_that_fits_is_read(self, number: float) -> None:
        assert parse_number(json.dumps(number)) == Decimal(json.dumps(number))

    @pytest.mark.parametrize(
        "text", ["", "abc", "1,5", "1_000", "0x10", "NaN", "Infinity", "--1", "1.", ".5", "1e", "\uff11", "1\n2", "1 2"]
    )
    def test_anything_else_is_no_number(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a number, such as 42"):
            parse_number(text)

    @pytest.mark.parametrize("text", [str(2**63), str(-(2**63) - 1), "1e999", "9" * 40])
    def test_a_number_that_no_column_holds_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="out of range; numbers go from -9223372036854775808 to"):
            parse_number(text)


class TestIds:
    def test_ids_are_of_their_columns_type(self) -> None:
        assert parse_ids(("7", "8.0"), ID) == (7, 8)
        assert parse_ids((f" {TEAM_ID.upper()} ", TEAM_ID.replace("-", "")), TEAM) == (UUID(TEAM_ID), UUID(TEAM_ID))
        assert parse_ids(("A-1", "a-1 "), EXTERNAL) == ("A-1", "a-1 ")

    def test_what_is_no_id_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"'1\.5' is not a whole number"):
            parse_ids(("1", "1.5"), ID)
        with pytest.raises(ValueError, match="'me' is not a number"):
            parse_ids(("me",), ID)
        with pytest.raises(ValueError, match="'7' is not a UUID"):
            parse_ids((TEAM_ID, "7"), TEAM)


class TestChoices:
    @pytest.mark.parametrize("text", ["In Progress", "in progress", "IN PROGRESS", " in progress "])
    def test_a_choice_is_spelled_as_it_is_stored(self, text: str) -> None:
        assert parse_choices((text, "New"), STATUS) == ("In Progress", "New")

    def test_another_choice_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(ValueError, match="'Done' is not one of New, In Progress, Closed, done"):
            parse_choices(("New", "Done"), STATUS)

    def test_a_column_without_choices_takes_any(self) -> None:
        assert parse_choices((" Anything",), CATEGORY) == (" Anything",)


class TestDays:
    @pytest.mark.parametrize(("text", "days"), [("0", 0), (" 7 ", 7), ("007", 7), ("36500", 36500)])
    def test_a_whole_number_of_days(self, text: str, days: int) -> None:
        assert parse_days(text) == days

    @pytest.mark.parametrize("text", ["", "-1", "1.5", "36501", "9" * 50, "seven", "\uff17", "1e1"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a whole number of days from 0 to 36500"):
            parse_days(text)


class TestMoments:
    # ISO 8601 writes a day in several ways.
    @pytest.mark.parametrize("text", ["2026-01-31", " 2026-01-31 ", "20260131", "2026-W05-6"])
    def test_a_day_is_that_whole_day_in_no_zone_yet(self, text: str) -> None:
        assert parse_moment(text) == (datetime(2026, 1, 31), datetime(2026, 2, 1))  # noqa: DTZ001

    @pytest.mark.parametrize(
        ("text", "start"),
        [
            ("2026-01-31T09:30:15", "2026-01-31T09:30:15"),
            ("2026-01-31 09:30:15", "2026-01-31T09:30:15"),
            ("2026-01-31T09:30", "2026-01-31T09:30:00"),
            ("2026-01-31T09:30:15.999999", "2026-01-31T09:30:15"),
            # An offset says more than the zone of the view.
            ("2026-01-31T09:30:15Z", "2026-01-31T09:30:15Z"),
            ("2026-01-31T09:30:15-05:00", "2026-01-31T14:30:15Z"),
        ],
    )
    def test_a_time_is_its_second(self, text: str, start: str) -> None:
        moment = datetime.fromisoformat(start)
        assert parse_moment(text) == (moment, moment + timedelta(seconds=1))
        assert parse_moment(text)[0].tzinfo == moment.tzinfo

    @pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59:59-14:00"])
    def test_the_last_moment_has_no_end(self, text: str) -> None:
        assert parse_moment(text)[1] is None

    def test_the_first_moment_begins_with_the_calendar(self) -> None:
        assert parse_moment("0001-01-01T00:00:00+14:00")[0] == FIRST

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "31.01.2026",
            "09:30",
            "2026-01-31T25:00",
            "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0663\u0661",
        ],
    )
    def test_anything_else_is_refused_with_what_would_be_right(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is not a date, such as 2026-01-31, or a time, such as 2026-01-31T"):
            parse_moment(text)

    def test_a_shift_stays_inside_the_calendar(self) -> None:
        day = timedelta(days=1)
        assert shifted(FIRST, day) - day == FIRST
        assert shifted(FIRST, -day) == FIRST
        assert shifted(LAST, day) == LAST
        assert shifted_day(date(2026, 2, 28), 1) == date(2026, 3, 1)
        assert shifted_day(date(1, 1, 2), -5) == date.min
        assert shifted_day(date(9999, 12, 30), 5) == date.max
