from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from tests.unit.domain.moments import ELSEWHERE, NAIVE, NOW
from ticket_export.domain.utc import require_utc


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), timezone(timedelta(0), "GMT")], ids=repr)
def test_utc_under_any_name_is_taken(zone: tzinfo) -> None:
    require_utc("now", NOW.astimezone(zone))


@pytest.mark.parametrize("moment", [NAIVE, ELSEWHERE], ids=["naive", "one hour east"])
def test_other_times_are_refused_by_the_name_of_the_field(moment: datetime) -> None:
    with pytest.raises(ValueError, match=r"^now must be an aware datetime in UTC, not 2026-03-01T12:00:00"):
        require_utc("now", moment)
