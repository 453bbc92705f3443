"""What a host declares: a queryset, a rule over its rows, and rules over columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import attrs
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from tests.rights.on_django.makers import FAMILY_OF, Family
from tests.rights.on_django.rules import RowPolicy, a_row_policy
from tests.rights.on_django.views import CELLS, SEARCHABLE
from ticket_export import Actor
from ticket_export.django import catalog_for, column

#: Querysets that a host may export: each keeps one row of a fault at most.
QUERYSETS: Final[Mapping[str, Callable[[Family], QuerySet[Any]]]] = {
    "the manager's": lambda family: family.faults._default_manager.all(),
    "the base manager's": lambda family: family.faults._base_manager.all(),
    "filtered": lambda family: family.faults._default_manager.filter(rank__gte=0),
    "filtered by an odd text": lambda family: family.faults._base_manager.exclude(note="100%").exclude(title=":p0"),
    "filtered by a relation": lambda family: family.faults._base_manager.filter(team__region__isnull=False),
    "filtered by relations, distinct": lambda family: family.faults._base_manager.filter(
        tags__name__in=["north", "100%"]
    ).distinct(),
    "filtered by existence": lambda family: family.faults._base_manager.filter(
        ~Exists(family.comments.objects.filter(text__contains="%", fault=OuterRef("pk")))
    ),
    "sorted": lambda family: family.faults._default_manager.order_by("-title", "team__name"),
    "with related objects": lambda family: (
        family.faults._default_manager.select_related("team", "owner").prefetch_related("tags").defer("note")
    ),
    "annotated": lambda family: family.faults._base_manager.annotate(size=Length("title")).filter(size__gt=2),
    "counted": lambda family: family.faults._base_manager.annotate(all_tags=Count("tags")).filter(all_tags__lt=3),
    "of an empty list": lambda family: family.faults._base_manager.filter(pk__in=[]),
    "not of an empty list": lambda family: family.faults._base_manager.exclude(Q(pk__in=[]) | Q(rank=3)),
}


def _raising(_actor: Actor) -> bool:
    raise ZeroDivisionError("90000017 is a salary")


#: Rules over columns; the last ones are mistakes of a host.
COLUMN_RULES: Final[Mapping[str, Callable[[Actor], Any]]] = {
    "administrators": lambda actor: actor.is_admin,
    "members": lambda actor: bool(actor.attributes["groups"]),
    "high level": lambda actor: (actor.attributes["level"] or 0) > 1,
    "nobody": lambda _: False,
    "by None": lambda _: None,
    "by an error": _raising,
}
_WRONG: Final = ("by None", "by an error")


class WrongRuleError(Exception):
    """The library must refuse the rule."""


@attrs.frozen
class Policy:
    """A catalog. `columns` are the names of columns with the names of their rules."""

    model: str
    queryset: str
    rows: RowPolicy
    columns: tuple[tuple[str, str], ...]

    @property
    def family(self) -> Family:
        return FAMILY_OF[self.model]

    def every_row(self) -> QuerySet[Any]:
        """Return the host's queryset."""
        return QUERYSETS[self.queryset](self.family)

    def catalog(self) -> Any:
        """Return the catalog, as a host would write it."""
        rules = {name: COLUMN_RULES[rule] for name, rule in self.columns}
        return catalog_for(
            self.every_row(),
            columns=[column(name, visible_to=rules[name]) if name in rules else name for name in CELLS],
            created_at="opened_at",
            search=SEARCHABLE,
            visible_to=self.rows.visible_to,
        )

    def visible_columns(self, actor: Actor) -> frozenset[str]:
        """Return the names of the columns that the actor may see.

        Raises:
            WrongRuleError: the library must refuse the rule of a column.
        """
        rules = dict(self.columns)
        if set(rules.values()) & set(_WRONG):
            raise WrongRuleError
        return frozenset(name for name in CELLS if name not in rules or COLUMN_RULES[rules[name]](actor))


def a_policy(chance: Random) -> Policy:
    """Return a policy. Half have rules over columns, and one of 30 has a wrong one."""
    model = chance.choice(("Fault", "Fault", "UuidFault", "TextFault", "ChildFault"))
    ruled = chance.sample(sorted(CELLS), chance.choice((0, 0, 0, 1, 2, 5)))
    columns = {name: chance.choice([each for each in COLUMN_RULES if each not in _WRONG]) for name in ruled}
    if chance.random() < 0.03:
        columns["note"] = chance.choice(_WRONG)
    return Policy(
        model,
        chance.choice(("the manager's", "the base manager's", *QUERYSETS)),
        a_row_policy(chance, FAMILY_OF[model]),
        tuple(sorted(columns.items())),
    )
