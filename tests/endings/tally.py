"""What has become of all writers, for each way and each store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import attrs


class Found(StrEnum):
    """What was readable after a writer's end."""

    WHOLE = "whole"
    BEFORE = "as before"
    HALF = "half files"


@attrs.frozen
class Tally:
    """How many writers ended in each way on each store, and what was readable then."""

    ends: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    found: Counter[tuple[str, Found]] = attrs.field(factory=Counter)
    #: The whole objects of writers that raised an error: the answer was lost, or nobody saw it.
    unseen: Counter[str] = attrs.field(factory=Counter)

    def table(self, ways: Sequence[str], stores: Sequence[str]) -> str:
        """Return the numbers as lines of text."""
        rows = [[way, *(self.ends[way, store] for store in stores)] for way in ways]
        rows.append(["all", *(sum(self.ends[way, store] for way in ways) for store in stores)])
        for found in Found:
            rows.append([f"readable: {found}", *(self.found[store, found] for store in stores)])
        rows.append(["whole, though the writer did not see it", *(self.unseen[store] for store in stores)])
        width = max(len(str(row[0])) for row in rows)
        lines = [["", *stores], *rows]
        return "\n".join(f"  {line[0]!s:{width}}" + "".join(f"{cell!s:>8}" for cell in line[1:]) for line in lines)
