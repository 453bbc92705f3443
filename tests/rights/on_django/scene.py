"""One policy, played the whole way: request, a change of rights, the run of the worker, and the bytes of the file."""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Any, Final

import attrs
from dependency_injector.providers import Object
from django.core.exceptions import FieldError
from django.db import NotSupportedError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tests.rights.on_django.files import rows_of
from tests.rights.on_django.models import Fault
from tests.rights.on_django.people import Directory, change_rights, everybody, leave_a_group
from tests.rights.on_django.policies import Policy, WrongRuleError, a_policy
from tests.rights.on_django.views import CELLS, SEARCHABLE, View, a_view
from tests.rights.on_django.world import fill
from ticket_export import Actor, ExportJobDto
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, export_container
from ticket_export.errors import (
    ConfigurationError,
    ExportNotFoundError,
    InvalidPayloadError,
    NotPermittedError,
    TicketExportError,
)
from ticket_export.testing.memory import InMemoryStorage

#: The library's directory, and one for the oracle.
DIRECTORY, _ORACLE = Directory(), Directory()
#: Each scene has a catalog of its own.
CONTAINER: Final = export_container(
    catalog=catalog_for(Fault._default_manager.all(), columns=["number"], created_at="opened_at"),
    user_directory=DIRECTORY,
)
#: What `filter` raises for a condition that a host must mend.
_REFUSED_BY_DJANGO: Final = (FieldError, TypeError, ValueError, NotSupportedError)
#: Policies over the same rows.
SAME_WORLD: Final = 25


@attrs.define
class Figures:
    """What was tried: policies, how many rows their rules hid, how many files lacked rows of their views."""

    policies: set[str] = attrs.field(factory=set)
    hiding: Counter[str] = attrs.field(factory=Counter)
    files: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)
    colleagues: Counter[str] = attrs.field(factory=Counter)


class Scene:
    """Ann requests a view, her rights may change before the run, and her file has what she might see then.

    Bob, whose rights do not change, asks for what she has.
    """

    def __init__(self, seed: str, place: int, figures: Figures) -> None:
        if place % SAME_WORLD == 0:
            with transaction.atomic():
                fill(Random(f"{seed} world {place // SAME_WORLD}"))
        self.figures, self.chance = figures, Random(f"{seed} {place}")
        self.policy: Policy = a_policy(self.chance)
        self.view: View = a_view(self.chance)
        self.ann, self.bob = self.chance.sample(everybody(), 2)
        with transaction.atomic():
            for user in (self.ann, self.bob):
                change_rights(self.chance, user)

    def play(self) -> None:
        """Play it; an assertion that fails names what is wrong."""
        CONTAINER.catalog.override(Object(self.policy.catalog()))
        storage = InMemoryStorage()
        CONTAINER.storage.override(Object(storage))
        self.figures.policies.add(repr(self.policy))
        for user in (self.ann, self.bob):
            self._claim_columns(_actor(user))
        job_id = self._claim_request(_actor(self.ann))
        if job_id is None:
            return
        self._change_before_the_run()
        outcome = CONTAINER.run_next_export()()
        assert outcome.job is not None
        assert outcome.job.id == job_id
        # The directory may know her no longer, and her exports are still hers.
        ann = _ORACLE.find(self.ann.pk)
        self._claim_file(ann, CONTAINER.get_export()(ann or Actor(user_id=self.ann.pk), job_id), storage)
        self._claim_bob_learns_no_more(_actor(self.bob), job_id)

    def _change_before_the_run(self) -> None:
        what = self.chance.random()
        with transaction.atomic():
            if what < 0.3:
                leave_a_group(self.chance, self.ann)
            elif what < 0.5:
                change_rights(self.chance, self.ann)
            elif what < 0.57:
                type(self.ann)._default_manager.filter(pk=self.ann.pk).update(is_active=False)

    def _claim_columns(self, actor: Actor) -> None:
        try:
            columns = CONTAINER.ticket_source().columns(actor)
        except ConfigurationError:
            assert self._is_wrong(actor)
            return
        assert not self._is_wrong(actor)
        assert {each.name for each in columns} == self.policy.visible_columns(actor)
        assert columns.is_complete is self._sees_all(actor)

    def _claim_request(self, actor: Actor) -> Any:
        refusal, told = self._refusal(actor), ""
        try:
            job = CONTAINER.request_export()(actor, self.view.payload())
        except TicketExportError as error:
            found, told = type(error), str(error)
        else:
            found = None
        assert found is refusal, (told, refusal)
        if found is None:
            return job.id
        self.figures.refused[found.__name__] += 1
        if found is InvalidPayloadError:
            self._claim_untold(actor, told)
        assert "90000017" not in told
        return None

    def _refusal(self, actor: Actor) -> type[TicketExportError] | None:
        if not actor.may_import_export_tickets:
            return NotPermittedError
        if self._is_wrong(actor):
            return ConfigurationError
        visible = self.policy.visible_columns(actor)
        searched = set(self.view.columns) & visible & SEARCHABLE
        return InvalidPayloadError if self.view.named - visible or (self.view.search and not searched) else None

    def _is_wrong(self, actor: Actor) -> bool:
        """Whether the library must refuse a rule for this actor."""
        try:
            self._rows(actor)
            self.policy.visible_columns(actor)
        except WrongRuleError:
            return True
        return False

    def _sees_all(self, actor: Actor) -> bool:
        return self.policy.rows.visible_to(actor) is EVERY_ROW and self.policy.visible_columns(actor) == set(CELLS)

    def _rows(self, actor: Actor) -> dict[Any, Any]:
        """Return the rows that the actor may see by key, by Django's own ORM: those of the queryset and of the rule.

        Raises:
            WrongRuleError: the library must refuse the rule.
        """
        if self.policy.rows.is_wrong(actor):
            raise WrongRuleError
        every = {fault.pk: fault for fault in self.policy.every_row().filter(opened_at__lte=timezone.now())}
        try:
            found = self.policy.rows.visible_to(actor)
            if found is EVERY_ROW:
                return every
            shown = found if isinstance(found, QuerySet) else self.policy.family.faults._base_manager.filter(found)
            keys = {fault.pk for fault in shown}
        except _REFUSED_BY_DJANGO as error:
            raise WrongRuleError from error
        return {key: every[key] for key in keys & every.keys()}

    def _claim_file(self, actor: Actor | None, job: ExportJobDto, storage: InMemoryStorage) -> None:
        wanted = self._wanted(actor)
        if wanted is None:
            assert (job.status, job.row_count, list(storage.list(""))) == ("failed", None, []), job
            self._claim_untold(actor, job.error_message or "")
            return
        assert job.status == "completed", job
        assert job.row_count == len(wanted), (job.row_count, len(wanted))
        (key,) = (key for key in storage.list("") if str(job.id) in key and key.endswith(f".{self.view.file}"))
        with storage.open_reader(key) as stream:
            rows = rows_of(stream.read(), self.view, CONTAINER.catalog().describe())
        assert sorted(rows) == sorted(wanted)
        assert rows == self._sorted(rows)

    def _wanted(self, actor: Actor | None) -> list[list[str]] | None:
        """Return the cells of the file; None if there must be none."""
        if actor is None or self._refusal(actor):
            return None
        shown, every = self._rows(actor), list(self.policy.every_row())
        asked = sum(self.view.holds(fault) for fault in every)
        wanted = [fault for fault in shown.values() if self.view.holds(fault)]
        self.figures.files["some" if 0 < len(wanted) < asked else "all or none"] += 1
        self.figures.hiding["some" if 0 < len(shown) < len(every) else "all" if shown else "none"] += 1
        return [[CELLS[name].show(fault) for name in self.view.columns] for fault in wanted]

    def _sorted(self, rows: list[list[str]]) -> list[list[str]]:
        """Return the rows in the order of the view, as far as numbers, days and moments tell it."""
        name, direction = self.view.sort or ("", "")
        is_number = name in CELLS and CELLS[name].kind == "number"
        if name not in self.view.columns or not (is_number or name in ("opened_at", "closed_at", "due_on")):
            return rows
        place = self.view.columns.index(name)
        full = [row for row in rows if row[place]]

        def value(row: list[str]) -> Any:
            return float(row[place]) if is_number else row[place]

        return sorted(full, key=value, reverse=direction == "desc") + [row for row in rows if not row[place]]

    def _claim_bob_learns_no_more(self, bob: Actor, job_id: Any) -> None:
        told = [_told(lambda: CONTAINER.get_export()(bob, job_id)), _told(lambda: _download(bob, job_id))]
        listed = _told(lambda: CONTAINER.list_exports()(bob))
        if not (bob.is_admin and bob.may_import_export_tickets):
            assert told == [ExportNotFoundError, ExportNotFoundError]
            assert job_id not in {job.id for job in listed.items}
            self.figures.colleagues["nothing"] += 1
            return
        shown, downloaded = told
        if not self._is_wrong(bob) and self._sees_all(bob):
            self.figures.colleagues["everything"] += 1
            assert downloaded is None or shown.status != "completed", downloaded
            return
        self.figures.colleagues["that there is an export"] += 1
        assert isinstance(downloaded, type), downloaded
        for job in (shown, *(each for each in getattr(listed, "items", ()) if each.id == job_id)):
            if isinstance(job, ExportJobDto):
                assert (job.row_count, job.length) == (None, None), job
                assert job.error_message in (None, "The export failed."), job

    def _claim_untold(self, actor: Actor | None, text: str) -> None:
        """Claim that a message names no column that is hidden from the actor and that their view does not name."""
        visible = self.policy.visible_columns(actor) if actor is not None and not self._is_wrong(actor) else frozenset()
        for name in CELLS.keys() - visible - self.view.named:
            assert not re.search(rf"'{name}'", text), text
        assert "90000017" not in text


def _actor(user: Any) -> Actor:
    actor = _ORACLE.find(user.pk)
    assert actor is not None
    return actor


def _download(actor: Actor, job_id: Any) -> None:
    with CONTAINER.open_download()(actor, job_id).stream as stream:
        stream.read()


def _told(call: Any) -> Any:
    """Return the result of a call, or the type of its error."""
    try:
        return call()
    except TicketExportError as error:
        return type(error)
