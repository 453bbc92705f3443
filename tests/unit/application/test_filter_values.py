from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.application.columns import CATEGORY, EXTERNAL, ID, STATUS, TEAM
from ticket_export.application.filter_values import (
    parse_choices,
    parse_days,
    parse_ids,
    parse_moment,
    parse_number,
    shifted,
    split_values,
)
from ticket_export.application.limits import MAX_VALUES
from ticket_export.application.safe_text import quoted, require_storable

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
TEAM_ID = "6f1b3a0e-8f0e-4c8e-9d3a-0f4f6a1b2c3d"
# Zones whose days begin at odd moments: at a skipped or repeated midnight, or not at all.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2011, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
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
        assert parse_days(text) == timedelta(days=days)

    @pytest.mark.parametrize("text", ["", "-1", "1.5", "36501", "9" * 50, "seven", "\uff17", "1e1"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a whole number of days from 0 to 36500"):
            parse_days(text)


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "zone", "start", "end"),
        [
            ("2026-01-31", "UTC", "2026-01-31T00:00Z", "2026-02-01T00:00Z"),
            (" 2026-01-31 ", "UTC", "2026-01-31T00:00Z", "2026-02-01T00:00Z"),
            ("2026-01-31", "Europe/Berlin", "2026-01-30T23:00Z", "2026-01-31T23:00Z"),
            # The other ways in which ISO 8601 writes a day mean that day too.
            ("20260131", "UTC", "2026-01-31T00:00Z", "2026-02-01T00:00Z"),
            ("2026-W05-6", "UTC", "2026-01-31T00:00Z", "2026-02-01T00:00Z"),
            # Summer time begins: 23 hours. It ends: 25 hours.
            ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
            ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
            # The clock goes from 23:59 to 01:00: the day begins at the first moment there is.
            ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
            # The clock goes from 00:59 back to 00:00: the day begins at the first of the two midnights.
            ("2025-11-02", "America/Havana", "2025-11-02T04:00Z", "2025-11-03T05:00Z"),
            # Samoa crossed the date line and had no such day.
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),
        ],
    )
    def test_a_day_is_that_whole_day_in_the_zone(self, text: str, zone: str, start: str, end: str) -> None:
        interval = (datetime.fromisoformat(start), datetime.fromisoformat(end))
        assert parse_moment(text, ZoneInfo(zone)) == interval

    @pytest.mark.parametrize(
        ("text", "zone", "start"),
        [
            ("2026-01-31T09:30:15", "UTC", "2026-01-31T09:30:15Z"),
            ("2026-01-31 09:30:15", "UTC", "2026-01-31T09:30:15Z"),
            ("2026-01-31T09:30", "UTC", "2026-01-31T09:30:00Z"),
            ("2026-01-31T09:30:15.999999", "UTC", "2026-01-31T09:30:15Z"),
            ("2026-01-31T09:30:15", "Europe/Berlin", "2026-01-31T08:30:15Z"),
            # An offset says more than the zone of the view.
            ("2026-01-31T09:30:15Z", "Europe/Berlin", "2026-01-31T09:30:15Z"),
            ("2026-01-31T09:30:15-05:00", "Europe/Berlin", "2026-01-31T14:30:15Z"),
            # Skipped by summer time: read with the clock not yet put forward. Repeated: the first one.
            ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00Z"),
            ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ],
    )
    def test_a_time_is_its_second(self, text: str, zone: str, start: str) -> None:
        moment = datetime.fromisoformat(start)
        assert parse_moment(text, ZoneInfo(zone)) == (moment, moment + timedelta(seconds=1))

    @given(moments, zones)
    def test_every_moment_lies_in_its_own_day(self, moment: datetime, zone: ZoneInfo) -> None:
        start, end = parse_moment(moment.astimezone(zone).date().isoformat(), zone)
        assert start <= moment < end
        assert {start.utcoffset(), end.utcoffset()} == {timedelta(0)}

    @given(st.dates(), zones)
    def test_a_day_ends_where_the_next_begins(self, day: object, zone: ZoneInfo) -> None:
        start, end = parse_moment(str(day), zone)
        assert start <= end
        if str(day) != "9999-12-31":
            following = datetime.fromisoformat(str(day)) + timedelta(days=1)
            assert parse_moment(following.date().isoformat(), zone)[0] == end

    @given(moments, zones)
    def test_every_moment_lies_in_its_own_second(self, moment: datetime, zone: ZoneInfo) -> None:
        start, end = parse_moment(moment.astimezone(zone).isoformat(), zone)
        assert start <= moment < end
        assert end - start == timedelta(seconds=1)

    @pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59:59-14:00"])
    def test_the_last_moment_ends_with_the_calendar(self, text: str) -> None:
        start, end = parse_moment(text, UTC)
        assert start <= end == LAST

    @pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00:00+14:00"])
    def test_the_first_moment_begins_with_the_calendar(self, text: str) -> None:
        assert parse_moment(text, ZoneInfo("Asia/Kathmandu"))[0] == FIRST

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
            parse_moment(text, UTC)

    def test_a_shift_stays_inside_the_calendar(self) -> None:
        day = timedelta(days=1)
        assert shifted(FIRST, day) - day == FIRST
        assert shifted(FIRST, -day) == FIRST
        assert shifted(LAST, day) == LAST
