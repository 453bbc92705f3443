"""Measure the cost of the most expensive view, read or refused: ``python -m benchmarks.requests [NUMBER] [SEED]``.

The views are random, have up to 1 MB, are mostly hostile, and come as text, bytes or a mapping. The command prints the
most CPU time and memory of a call and the longest message, each with its view. It exits with 1 beyond the limits.
"""

from __future__ import annotations

import gc
import json
import string
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import attrs

from ticket_export.application.view.filter_operators import OPERATORS, Operator
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.view_summary import summarize_view
from ticket_export.errors import InvalidPayloadError
from ticket_export.testing.entities import AN_ACTOR

_AS_OF: Final = datetime(2026, 3, 1, tzinfo=UTC)
_MOST_SECONDS, _MOST_BYTES, _LONGEST = 0.050, 10_000_000, 2_000
_KINDS: Final = tuple(ColumnKind)
#: 500 columns with similar names, more than a real catalog has.
COLUMNS: Final = TicketColumns(
    TicketColumn(
        name=f"customField{number:03}",
        label=f"Field {number}",
        kind=ColumnKind.ID if number < 2 else _KINDS[number % len(_KINDS)],
        searchable=number % 2 == 0,
        id_type=IdType.INTEGER if number % 3 else IdType.TEXT,
        scope_role={0: ScopeRole.TEAM, 1: ScopeRole.ASSIGNEE}.get(number),
        choices=tuple(f"choice {each}" for each in range(300)) if number % 5 == 0 else (),
    )
    for number in range(500)
)
_NAMES: Final = [column.name for column in COLUMNS]
_KEYS: Final = ["columns", "Filters", "search_term", "sortField", "sortDirection", "scope", "timeZone", "viewId"]
_ALPHABETS: Final = [
    string.ascii_letters,
    string.digits,
    " ",
    " \t\n",
    ",",
    '"',
    "\\",
    "[]",
    "{}",
    "\x00",
    "é",
    "\N{GRINNING FACE}",
    "\ud800",
    "0123456789.eE+-",
    "abc, ",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{GREEK CAPITAL LETTER SIGMA}",
]

_UNITS: Final = ["[", "{", "[]", "{},", '{"a":', '"a":1,', ",", "1,", "[1],", "[[]],", '""', "\\", " ", "é"]


class Views:
    """Makes random views of about `size` characters."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def any(self, size: int) -> object:
        """A view, or something else in its place."""
        made: Callable[[int], object] = self._random.choice(
            [self._view, self._view, self._valid, self._valid, self._keys, self._value]
        )
        return made(size)

    def text(self, size: int) -> str:
        """JSON, or almost JSON."""
        r = self._random
        made = r.random()
        if made < 0.2:
            unit = r.choice(_UNITS)
            return r.choice(["", "[", "{", '{"columns":[', '{"filters":[{"field":"']) + unit * (size // len(unit))
        if made < 0.3:
            key = r.choice(["columns", "a", "\\u0000"])
            return "{" + ",".join([f'"{key}":{r.choice(["1", "[]", "{}"])}'] * (size // 8)) + "}"
        if made < 0.35:
            return r.choice(["-", "", "1e", "1."]) + "9" * size
        return json.dumps(self.any(size), ensure_ascii=r.random() < 0.5)

    def _valid(self, size: int) -> dict[str, object]:
        """A large view without mistakes."""
        r = self._random
        filters = []
        for _ in range(r.randint(0, 50)):
            column = r.choice(list(COLUMNS))
            operators = [each for each in OPERATORS[column.kind] if each.takes_many_values or each.takes_no_value]
            operator = r.choice(operators or [Operator.IS_EMPTY])
            value: Any = None
            if operator.takes_many_values:
                members = [self._member(column) for _ in range(min(500, 1 + size // 500))]
                value = r.choice([members, ",".join(map(str, members)), json.dumps(members)])
            filters.append({"field": column.name, "operator": operator.value, "value": value})
        return {
            "columns": r.sample(_NAMES, r.randint(1, 500)),
            "filters": filters,
            "sortField": r.choice(_NAMES),
            "viewId": r.choice([None, 7, "mine", {"a": [1, 2]}]),
            "timeZone": r.choice([None, "Europe/Berlin"]),
        }

    def _member(self, column: TicketColumn) -> object:
        r = self._random
        if column.kind is ColumnKind.CHOICE and column.choices:
            return r.choice(column.choices)
        if column.kind is ColumnKind.NUMBER:
            return r.choice([r.randint(-9, 9), r.random(), "1.5", "-1e3"])
        return str(r.randint(0, 10**6))

    def _view(self, size: int) -> dict[str, object]:
        r, part = self._random, size // 4
        view: dict[str, object] = {"columns": r.sample(_NAMES, r.randint(1, 500))}
        for key in r.sample(_KEYS, r.randint(0, len(_KEYS))):
            view[key] = self._value(part)
        if r.random() < 0.5:
            view["columns"] = [self._name() for _ in range(min(max(1, part // 15), 70_000))]
        if r.random() < 0.8:
            count = r.choice([1, 5, 50, 50, 51, min(1 + size // 100, 10_000)])
            view["filters"] = [self._filter(part // count) for _ in range(count)]
        if r.random() < 0.5:
            view["searchTerm"] = self._chars(min(part, r.choice([10, 1_000, size])))
        if r.random() < 0.5:
            view["scope"] = {"teamId": self._value(part), "assignedToUserId": self._chars(part)}
        return view

    def _filter(self, size: int) -> dict[str, object]:
        r = self._random
        column = r.choice(list(COLUMNS))
        made: dict[str, object] = {
            "field": column.name if r.random() < 0.7 else self._name(),
            "operator": r.choice(OPERATORS[column.kind]).value if r.random() < 0.9 else self._chars(size),
        }
        if r.random() < 0.9:
            many = r.choice([1, 400, 500, 501, size])
            member = self._chars(max(1, size // max(1, many)))
            made["value"] = r.choice(
                [self._chars(size), [member] * min(many, max(1, size)), ",".join([member] * many)[:size], [7] * many]
            )
        return made | (self._keys(size // 4) if r.random() < 0.05 else {})

    def _keys(self, size: int) -> dict[str, object]:
        length = self._random.choice([3, 30, 5_000, size + 1])
        return {f"{number:x}{self._chars(length)}": None for number in range(max(1, min(size // length, 60_000)))}

    def _value(self, size: int) -> Any:
        r = self._random
        kinds: list[Callable[[], object]] = [
            lambda: self._chars(size),
            lambda: [self._chars(5)] * (size // 5),
            lambda: [r.random() for _ in range(size // 20)],
            lambda: [1e308] * (size // 6),
            lambda: 10 ** min(size, 4_000),
            lambda: _nested(min(size // 2, 900)),
            lambda: [[]] * (size // 4),
            lambda: [{"a": 1}] * (size // 10),
            lambda: dict.fromkeys(map(str, range(size // 8))),
            lambda: None,
            lambda: r.randint(-(10**20), 10**20),
        ]
        return r.choice(kinds)()

    def _name(self) -> str:
        r = self._random
        name = r.choice(_NAMES)
        return r.choice([name, name.upper(), f"{name[:-1]}x", name[1:], f"custom_field{r.randint(0, 10**6)}"])

    def _chars(self, size: int) -> str:
        alphabet = self._random.choice(_ALPHABETS)
        return ("".join(self._random.choices(alphabet, k=min(size, 97))) * (size // 97 + 1))[:size]


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@attrs.define
class Worst:
    """The most expensive call."""

    what: str
    limit: float
    unit: str
    factor: float
    amount: float = 0
    view: str = ""

    def see(self, amount: float, view: str) -> None:
        """Compare another call."""
        if amount >= self.amount:
            self.amount, self.view = amount, view

    @property
    def text(self) -> str:
        """A line of the report."""
        most, limit = self.amount * self.factor, self.limit * self.factor
        return f"{self.what}: {most:,.1f} {self.unit} (at most {limit:,.0f}), for {self.view}"


def read(payload: object) -> int:
    """Read the view as a request and a worker do; return the length of the message in bytes."""
    try:
        TicketQuery.of(payload, COLUMNS, actor=AN_ACTOR, as_of=_AS_OF)
    except InvalidPayloadError as error:
        return len(str(error).encode("utf-8", "surrogatepass"))
    return 0


def run(number: int, seed: int) -> int:
    """Read `number` views; return the exit code."""
    random = Random(seed)
    views = Views(seed)
    cpu, memory = Worst("CPU time", _MOST_SECONDS, "ms", 1e3), Worst("memory", _MOST_BYTES, "MB", 1e-6)
    message, accepted = Worst("message", _LONGEST, "bytes", 1), 0
    read({"columns": [_NAMES[0]], "timeZone": "Mars"})
    for index in range(number):
        size = int(10 ** random.uniform(1, 6))
        form = random.choice(["text", "bytes", "mapping", "summary"])
        payload: object = views.any(size) if form == "mapping" else views.text(size)[:1_000_000]
        if form == "bytes":
            payload = str(payload).encode("utf-8", "surrogatepass")[:1_000_000]
        view = f"number {index} of seed {seed}, {form} of about {size:,}: {ascii(payload)[:60]}"
        call: Callable[[Any], object] = summarize_view if form == "summary" else read
        # Objects from before the call are not part of its cost.
        gc.freeze()
        began = time.thread_time()
        length = call(payload)
        cpu.see(time.thread_time() - began, view)
        if isinstance(length, int):
            message.see(length, view)
            accepted += length == 0
        tracemalloc.start()
        call(payload)
        memory.see(tracemalloc.get_traced_memory()[1], view)
        tracemalloc.stop()
    print(f"{number:,} views of up to 1 MB, {accepted:,} of them accepted")
    for worst in (cpu, memory, message):
        print(worst.text)
    return int(any(worst.amount > worst.limit for worst in (cpu, memory, message)))


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    sys.exit(run(*(arguments + [10_000, 1][len(arguments) :])))
