"""Moments that the tests of the domain share; all aware UTC unless named otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
NAIVE = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 - what the domain must refuse
ELSEWHERE = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
