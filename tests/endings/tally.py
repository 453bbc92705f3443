"""What has become of all writers and exports, for each way and each store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import attrs


class Found(StrEnum):
    """What was readable after a writer's end."""

    WHOLE = "whole"
    BEFORE = "as before"
    #: What was there before is not, and nothing else is.
    GONE = "gone"
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
        rows = {way: [self.ends[way, store] for store in stores] for way in ways}
        rows["all"] = [sum(counts) for counts in zip(*rows.values(), strict=True)]
        rows |= {f"readable: {found}": [self.found[store, found] for store in stores] for found in Found}
        rows["whole, though the writer did not see it"] = [self.unseen[store] for store in stores]
        return table(stores, rows)


def table(columns: Sequence[str], rows: Mapping[str, Sequence[int]]) -> str:
    """Return numbers as lines of text."""
    width = max(map(len, rows))
    lines = [" " * width + "".join(f"{column:>8}" for column in columns)]
    lines += [f"{name:{width}}" + "".join(f"{count:8}" for count in counts) for name, counts in rows.items()]
    return "\n".join(f"  {line}" for line in lines)
