"""The names of time zones that PostgreSQL reads as something else."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

# ``timezone('CET', …)`` reads the name as an abbreviation: an offset without summer time. These are the zones that the
# names are links to: https://data.iana.org/time-zones/tzdb/backward
_ABBREVIATIONS: Final = {
    "CET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "EST": "America/Panama",
    "HST": "Pacific/Honolulu",
    "MET": "Europe/Brussels",
    "MST": "America/Phoenix",
    "WET": "Europe/Lisbon",
}


def unabbreviated(zone: tzinfo) -> tzinfo:
    """Return the same zone under a name that is not an abbreviation of PostgreSQL."""
    name = _ABBREVIATIONS.get(getattr(zone, "key", ""))
    return ZoneInfo(name) if name else zone
