"""The rule for times: every time in the domain is an aware datetime in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import Attribute


def require_utc(name: str, moment: datetime) -> None:
    """Raise ``ValueError`` unless `moment` is aware and in UTC."""
    if moment.utcoffset() != timedelta(0):
        raise ValueError(f"{name} must be an aware datetime in UTC, not {moment.isoformat()}")


def is_utc(_instance: object, attribute: Attribute[Any], value: datetime | None) -> None:
    """attrs validator: None, or an aware datetime in UTC."""
    if value is not None:
        require_utc(attribute.name, value)
