"""Random rules over rows, as a host on Django writes them: functions from the acting user to a `Q`."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import attrs
from django.db.models import Exists, OuterRef, Q, Value

from tests.rights.on_django.makers import Constant, Family, Maker, Named, fact, fixed
from tests.rights.on_django.models import Team
from tests.rights.on_django.own_columns import (
    between_columns,
    in_list,
    json_key,
    moment,
    null_test,
    number,
    other_value,
    regex,
    text_lookup,
)
from tests.rights.on_django.relations import several_at_once, subquery
from ticket_export import Actor
from ticket_export.catalog import EVERY_ROW

_MAKERS: Final[tuple[tuple[str, Maker], ...]] = (
    ("group of the team", fact("team__group__in", "groups")),
    ("group of the team's parent", fact("team__parent__group__in", "groups")),
    ("region", fact("team__region", "region")),
    ("region of the owner", fact("owner__profile__region", "region")),
    ("region in JSON", fact("custom__region", "region")),
    ("title as region", fact("title__icontains", "region")),
    ("level", fact("priority__lte", "level")),
    ("level in JSON", fact("custom__level", "level")),
    ("token", fact("token", "token")),
    ("mine", lambda *_: lambda actor: Q(owner=actor.user_id)),
    ("mine, by key", lambda *_: lambda actor: Q(owner_id=actor.user_id)),
    ("watched", lambda *_: lambda actor: Q(watchers=actor.user_id)),
    ("lead", lambda *_: lambda actor: Q(team__lead=actor.user_id)),
    ("commented", lambda *_: lambda actor: Q(comments__author=actor.user_id)),
    ("nothing", lambda *_: fixed(pk__in=[])),
    ("everything", lambda *_: Constant(~Q(pk__in=[]))),
    ("true", lambda *_: Constant(Q(Value(True)))),
    ("false", lambda *_: Constant(Q(Value(False)))),
    *(
        (maker.__name__, maker)
        for maker in (
            text_lookup, text_lookup, regex, in_list, in_list, null_test, number, number, other_value, json_key,
            json_key, moment, moment, between_columns, subquery, subquery, subquery, several_at_once,
        )
    ),
)  # fmt: skip


@attrs.frozen
class Rule:
    """A rule and how it was made."""

    name: str
    condition: Callable[[Actor], Any] = attrs.field(eq=False, repr=False)


def a_rule(chance: Random, family: Family, leaves: int | None = None) -> Rule:
    """Return a rule of up to five conditions."""
    leaves = leaves or chance.choice((1, 1, 2, 2, 3, 4, 5))
    if leaves == 1:
        name, maker = chance.choice(_MAKERS)
        condition = maker(chance, family)
        rule = Rule(f"{name} {condition!r}" if isinstance(condition, Constant | Named) else name, condition)
        return Rule(f"not {name}", _negated(rule)) if chance.random() < 0.25 else rule
    split = chance.randint(1, leaves - 1)
    left, right = a_rule(chance, family, split), a_rule(chance, family, leaves - split)
    how = chance.choice(("and", "and", "or", "or", "or", "xor", "nested"))
    joined = Rule(f"({left.name} {how} {right.name})", _joined(how, left, right))
    return Rule(f"not {joined.name}", _negated(joined)) if chance.random() < 0.2 else joined


def _negated(rule: Rule) -> Callable[[Actor], Any]:
    return lambda actor: ~rule.condition(actor)


def _joined(how: str, left: Rule, right: Rule) -> Callable[[Actor], Any]:
    def condition(actor: Actor) -> Any:
        one, other = left.condition(actor), right.condition(actor)
        match how:
            case "and":
                return one & other
            case "or":
                return one | other
            case "xor":
                return one ^ other
        return Q(Q(one), ~Q(other), Q(), _connector=Q.OR)

    return condition


def _raising(_actor: Actor) -> Any:
    raise ZeroDivisionError("90000017 is a salary")


#: Mistakes of a host: what is no condition, what shows every row without saying so, and what Django refuses.
MISTAKES: Final[dict[str, Callable[[Actor], Any]]] = {
    "None": Constant(None),
    "a Python bool": Constant(True),
    "another Python bool": lambda actor: actor.is_admin,
    "a number": Constant(1),
    "a text": Constant("1 = 1"),
    "a dictionary": Constant({"rank": 1}),
    "an empty Q": lambda _: Q(),
    "a negated empty Q": lambda _: ~Q(),
    "an empty Q in a Q": lambda _: Q(Q(), Q(Q())),
    "a queryset": lambda _: Team.objects.all(),
    "an unknown field": fixed(nope=1),
    "an unknown lookup": fixed(rank__nope=1),
    "an unknown relation": fixed(team__nope__in=[1]),
    "a wrong value": fixed(rank="x"),
    "a key of a wrong type": fixed(team="x"),
    "a missing attribute": lambda actor: Q(rank=actor.attributes["nope"]),
    "an error": _raising,
    "a class": Constant(Q),
}


#: What a rule returns: the condition itself, or what else `filter` or a host could make of it.
_FORMS: Final[dict[str, Callable[[Any, Family], Any]]] = {
    "Q": lambda condition, _: condition,
    "queryset": lambda condition, family: family.faults._base_manager.filter(condition),
    "distinct queryset": lambda condition, family: family.faults._default_manager.filter(condition).distinct(),
    "sliced queryset": lambda condition, family: (
        family.faults._base_manager.filter(condition).order_by("-number", "pk").distinct()[:5]
    ),
    "expression": lambda condition, family: Exists(family.faults._base_manager.filter(condition, pk=OuterRef("pk"))),
}


@attrs.frozen
class RowPolicy:
    """The rule over rows in one of the `_FORMS`; `mistake` takes its place, and administrators may see every row."""

    rule: Rule
    admins_see_all: bool
    family: Family = attrs.field(repr=False)
    form: str = "Q"
    mistake: str | None = None

    def visible_to(self, actor: Actor) -> Any:
        """Return the condition, as the host's rule does."""
        if self.admins_see_all and actor.is_admin:
            return EVERY_ROW
        if self.mistake:
            return MISTAKES[self.mistake](actor)
        return _FORMS[self.form](self.rule.condition(actor), self.family)

    def is_wrong(self, actor: Actor) -> bool:
        """Whether the rule is a mistake for this actor."""
        return self.mistake is not None and not (self.admins_see_all and actor.is_admin)


def a_row_policy(chance: Random, family: Family) -> RowPolicy:
    """Return a policy over rows; one of twelve is a mistake, and three of four rules return a `Q`."""
    return RowPolicy(
        a_rule(chance, family),
        chance.random() < 0.3,
        family,
        "Q" if chance.random() < 0.75 else chance.choice(sorted(_FORMS)),
        chance.choice(sorted(MISTAKES)) if chance.random() < 0.08 else None,
    )
