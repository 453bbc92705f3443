"""One policy, played the whole way: request, a change of rights, the run of the worker, and the bytes of the file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from random import Random
from typing import Any, Final

import attrs
from dependency_injector.providers import Object
from django.core.exceptions import FieldError
from django.db import NotSupportedError, transaction
from django.utils import timezone

from tests.rights.on_django.models import Fault
from tests.rights.on_django.people import Directory, change_rights, everybody, leave_a_group
from tests.rights.on_django.policies import Policy, WrongRuleError, a_policy
from tests.rights.on_django.views import CELLS, View, a_view
from tests.rights.on_django.world import fill
from ticket_export import Actor, ExportJobDto, unguard
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, export_container
from ticket_export.errors import ConfigurationError, InvalidPayloadError, NotPermittedError, TicketExportError
from ticket_export.testing.memory import InMemoryStorage

DIRECTORY: Final = Directory()
#: Each scene has a catalog of its own.
CONTAINER: Final = export_container(
    catalog=catalog_for(Fault._default_manager.all(), columns=["number"], created_at="opened_at"),
    user_directory=DIRECTORY,
)
#: What `filter` raises for a condition that a host must mend.
_REFUSED_BY_DJANGO: Final = (FieldError, TypeError, ValueError, NotSupportedError)
#: Policies over the same rows.
_SAME_WORLD: Final = 8


@attrs.define
class Figures:
    """What was tried."""

    policies: set[str] = attrs.field(factory=set)
    hiding: Counter[str] = attrs.field(factory=Counter)
    files: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)


class Scene:
    """A user requests a view, their rights may change before the run, and their file has what they might see then."""

    def __init__(self, seed: str, place: int, figures: Figures) -> None:
        if place % _SAME_WORLD == 0:
            with transaction.atomic():
                fill(Random(f"{seed} world {place // _SAME_WORLD}"))
        chance = Random(f"{seed} {place}")
        self.figures, self.chance = figures, chance
        self.policy: Policy = a_policy(chance)
        self.view: View = a_view(chance)
        self.user = chance.choice(everybody())
        with transaction.atomic():
            change_rights(chance, self.user)

    def play(self) -> None:
        """Play it; an assertion that fails names what is wrong."""
        CONTAINER.catalog.override(Object(self.policy.catalog()))
        storage = InMemoryStorage()
        CONTAINER.storage.override(Object(storage))
        self.figures.policies.add(repr(self.policy))
        actor = self._actor()
        job = self._claim_request(actor)
        if job is None:
            return
        self._change_before_the_run()
        outcome = CONTAINER.run_next_export()()
        assert outcome.job is not None
        assert outcome.job.id == job.id
        self._claim_file(self._actor(), CONTAINER.get_export()(actor, job.id), storage)

    def _actor(self) -> Actor | None:
        return DIRECTORY.find(self.user.pk)

    def _change_before_the_run(self) -> None:
        what = self.chance.random()
        with transaction.atomic():
            if what < 0.3:
                leave_a_group(self.user)
            elif what < 0.5:
                change_rights(self.chance, self.user)
            elif what < 0.53:
                type(self.user)._default_manager.filter(pk=self.user.pk).update(is_active=False)

    def _claim_request(self, actor: Actor | None) -> ExportJobDto | None:
        assert actor is not None
        refusal = self._refusal(actor)
        try:
            job = CONTAINER.request_export()(actor, self.view.payload())
        except TicketExportError as error:
            assert type(error) is refusal, (error, refusal)
            self.figures.refused[type(error).__name__] += 1
            return None
        assert refusal is None, refusal
        return job

    def _refusal(self, actor: Actor) -> type[TicketExportError] | None:
        if not actor.may_import_export_tickets:
            return NotPermittedError
        try:
            self._rows(actor)
            visible = self.policy.visible_columns(actor)
        except WrongRuleError:
            return ConfigurationError
        searched = set(self.view.columns) & visible & _searchable()
        return InvalidPayloadError if self.view.named - visible or (self.view.search and not searched) else None

    def _rows(self, actor: Actor) -> dict[Any, Any]:
        """Return the rows that the actor may see by key, by Django's own ORM: those of the queryset and of the rule.

        Raises:
            WrongRuleError: the library must refuse the rule.
        """
        if self.policy.rows.is_wrong(actor):
            raise WrongRuleError
        every = {fault.pk: fault for fault in self.policy.every_row().filter(opened_at__lte=timezone.now())}
        try:
            condition = self.policy.rows.visible_to(actor)
            if condition is EVERY_ROW:
                return every
            shown = self.policy.family.faults._base_manager.filter(condition).values_list("pk", flat=True)
            return {key: every[key] for key in set(shown) & every.keys()}
        except _REFUSED_BY_DJANGO as error:
            raise WrongRuleError from error

    def _claim_file(self, actor: Actor | None, job: ExportJobDto, storage: InMemoryStorage) -> None:
        wanted = self._wanted(actor)
        if wanted is None:
            assert (job.status, job.row_count, list(storage.list(""))) == ("failed", None, []), job
            return
        assert job.status == "completed", (job, [list(each) for each in wanted][:3])
        assert job.row_count == len(wanted), (job.row_count, len(wanted))
        (key,) = (key for key in storage.list("") if str(job.id) in key and key.endswith(f".{self.view.file}"))
        with storage.open_reader(key) as stream:
            rows = self._read(stream.read())
        assert sorted(rows) == sorted(wanted)
        assert rows == self._sorted(rows)

    def _wanted(self, actor: Actor | None) -> list[list[str]] | None:
        """Return the cells of the file; None if there must be none."""
        if actor is None or self._refusal(actor):
            return None
        shown, every = self._rows(actor), list(self.policy.every_row())
        asked = [fault for fault in every if self.view.holds(fault, _searchable())]
        wanted = [fault for fault in shown.values() if self.view.holds(fault, _searchable())]
        self.figures.files["some" if 0 < len(wanted) < len(asked) else "all or none"] += 1
        self.figures.hiding["some" if 0 < len(shown) < len(every) else "all" if shown else "none"] += 1
        return [[CELLS[name].show(fault) for name in self.view.columns] for fault in wanted]

    def _sorted(self, rows: list[list[str]]) -> list[list[str]]:
        """Return the rows in the order of the view, as far as whole numbers and moments tell it."""
        name, direction = self.view.sort or ("", "")
        if name not in self.view.columns or CELLS[name].is_text:
            return rows
        place = self.view.columns.index(name)
        full = [row for row in rows if row[place]]

        def value(row: list[str]) -> Any:
            return row[place] if name.endswith("_at") else int(row[place])

        return sorted(full, key=value, reverse=direction == "desc") + [row for row in rows if not row[place]]

    def _read(self, data: bytes) -> list[list[str]]:
        if self.view.file == "ndjson":
            return [[_plain(value) for value in json.loads(line).values()] for line in data.decode().splitlines()]
        delimiter = self.view.delimiter
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        header, *rows = csv.reader(text, delimiter=delimiter)
        labels = {column.name: column.label for column in CONTAINER.catalog().describe()}
        assert header == [labels[name] for name in self.view.columns]
        return [[unguard(cell, delimiter=delimiter) for cell in row] for row in rows]


def _plain(value: Any) -> str:
    """Return a value of JSON as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, str) and value.endswith("+00:00"):
        return value.removesuffix("+00:00").replace("T", " ")
    return str(value)


def _searchable() -> frozenset[str]:
    return frozenset(column.name for column in CONTAINER.catalog().describe() if column.searchable)
