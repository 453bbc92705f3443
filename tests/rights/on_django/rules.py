"""Random rules over rows, as a host on Django writes them: functions from the acting user to a `Q`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, TypeAlias

import attrs
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, models
from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When, Window
from django.db.models.functions import (
    Coalesce,
    Concat,
    ExtractYear,
    Length,
    Lower,
    Now,
    RowNumber,
    TruncDate,
    TruncMonth,
    Upper,
)
from django.db.models.lookups import GreaterThan, IsNull

from tests.rights.on_django.models import FAMILIES, Tag, Team
from tests.rights.on_django.world import DAYS, KEYS, NAMES, ODD, OPENED, TOKENS
from ticket_export import Actor
from ticket_export.catalog import EVERY_ROW

#: Makes a condition of the family's model, with random constants.
Maker: TypeAlias = Callable[[Random, "Family"], Callable[[Actor], Any]]


@attrs.frozen
class Family:
    """A model of faults with its comments and contracts."""

    faults: Any
    comments: Any
    contracts: Any


FAMILY_OF: Final = {faults.__name__: Family(faults, *others) for faults, *others in FAMILIES}


@attrs.frozen
class _Constant:
    """A condition that is the same for everybody."""

    condition: Any

    def __call__(self, _actor: Actor) -> Any:
        return self.condition


@attrs.frozen
class _Named:
    """A condition that depends on the actor, with what tells it from others."""

    name: str
    condition: Callable[[Actor], Any] = attrs.field(repr=False)

    def __call__(self, actor: Actor) -> Any:
        found = self.condition(actor)
        return found if isinstance(found, Q) else Q(found)


def _q(**lookups: Any) -> Callable[[Actor], Any]:
    return _Constant(Q(**lookups))


def _fact(lookup: str, name: str) -> Maker:
    return lambda _chance, _family: _Named(f"{lookup}={name}", lambda actor: Q(**{lookup: actor.attributes[name]}))


def _text(chance: Random) -> str:
    text = chance.choice(ODD)
    return text if chance.random() < 0.6 else text[: chance.randint(0, 3)]


def _text_lookup(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field = chance.choice(
        ("title", "note", "team__name", "owner__username", "custom__region", "comments__text", "tags__name")
    )
    lookup = chance.choice(
        (
            "exact",
            "iexact",
            "contains",
            "icontains",
            "startswith",
            "istartswith",
            "endswith",
            "iendswith",
            "gt",
            "lte",
            "ne",
        )
    )
    if lookup == "ne":
        return _Constant(~Q(**{field: _text(chance)}))
    return _q(**{f"{field}__{lookup}": _text(chance)})


def _regex(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    pattern = chance.choice(
        ("^.%", "[:'\"]", "a|b", r"\d", "(north|ż)", re.escape(chance.choice(ODD[:10])), "^$", "%[sd(]")
    )
    return _q(**{f"{chance.choice(('title', 'note', 'team__region'))}__{chance.choice(('regex', 'iregex'))}": pattern})


def _in_list(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, values = chance.choice(
        (
            ("state", ("new", "open", "gone", "")),
            ("title", ODD),
            ("priority", (1, 2, 3)),
            ("cost", (Decimal("0.00"), Decimal("2.5"), Decimal("-1.1"))),
            ("token", TOKENS),
            ("due_on", DAYS),
            ("opened_at", OPENED),
            ("custom__level", (0, 1, "2", None)),
            ("tags__name", NAMES),
            ("team__region", (*NAMES, None)),
        )
    )
    chosen = chance.sample(values, chance.choice((0, 1, 1, 2, 3)))
    return _q(**{f"{field}__in": chance.choice((list, tuple, set))(chosen)})


def _null(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field = chance.choice(
        ("note", "state", "priority", "cost", "is_secret", "due_on", "closed_at", "team", "owner", "tags", "watchers",
         "comments", "contract", "contract__amount", "team__region", "team__parent__lead", "custom", "custom__level",
         "owner__profile__token", "comments__author", "packed", "waiting")
    )  # fmt: skip
    return _q(**{f"{field}__isnull": chance.random() < 0.5})


def _number(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, value = chance.choice(
        (
            ("priority", chance.randint(0, 3)), ("rank", chance.randint(-2, 3)), ("doubled", chance.randint(-4, 6)),
            ("cost", Decimal(chance.choice(("-1.10", "0", "2.50")))), ("rate", chance.choice((0.1, -2.5, 0.0))),
            ("contract__amount", 10), ("comments__score", 1), ("waiting", timedelta(hours=chance.choice((-80, 0, 5)))),
            ("custom__level", 1), ("team__parent__lead__profile__level", 1),
        )
    )  # fmt: skip
    lookup = chance.choice(("exact", "gt", "gte", "lt", "lte", "range"))
    return _q(
        **{
            f"{field}__{lookup}": (value, value + (value * 0 if field != "waiting" else timedelta(1)))
            if lookup == "range"
            else value
        }
    )


def _other(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    field, value = chance.choice(
        (
            ("is_secret", True), ("is_secret", False), ("is_secret", None), ("token", chance.choice(TOKENS)),
            ("packed", b"%s:p0'\x00\xff"), ("packed", b""), ("custom", None), ("custom", {}),
            ("custom", Value(None, models.JSONField())), ("tags", None), ("comments__is_internal", True),
            ("comments__is_internal", False),
        )
    )  # fmt: skip
    return _q(**{field: value})


def _json(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    key = chance.choice(KEYS)
    kinds: list[Callable[[], Any]] = [
        lambda: Q(**{f"custom__{key}": chance.choice((None, 1, True, 1.5, *NAMES, [1], {}))}),
        lambda: Q(custom__has_key=key),
        lambda: Q(custom__has_keys=chance.sample(KEYS, 2)),
        lambda: Q(custom__has_any_keys=chance.sample(KEYS, chance.randint(1, 3))),
        lambda: Q(**{f"custom__{key}__isnull": chance.random() < 0.5}),
        lambda: Q(**{f"custom__{key}__{chance.choice(('icontains', 'startswith', 'iexact'))}": _text(chance)}),
        lambda: Q(**{f"custom__{key}__0": chance.choice((1, "north", None))}),
        lambda: Q(custom__list__1__region=chance.choice(NAMES)),
        lambda: Q(**{f"custom__{key}__gte": chance.choice((0, 1))}),
    ]
    if connection.vendor == "postgresql":
        kinds += [
            lambda: Q(custom__contains={key: chance.choice((1, None, *NAMES))}),
            lambda: Q(custom__contained_by={"region": "100%", "level": 1, key: None}),
        ]
    return _Constant(chance.choice(kinds)())


def _moment(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    moment, day = chance.choice(OPENED), chance.choice(DAYS)
    field = chance.choice(("opened_at", "closed_at"))
    kinds: list[Callable[[], Any]] = [
        lambda: Q(**{f"{field}__{chance.choice(('exact', 'lt', 'gte'))}": moment}),
        lambda: Q(**{f"{field}__date": day}),
        lambda: Q(**{f"{field}__date__gte": day}),
        lambda: Q(**{f"{field}__year": chance.choice((2024, 2025, 2026))}),
        lambda: Q(**{f"{field}__month__in": [1, 12]}),
        lambda: Q(**{f"{field}__{chance.choice(('hour', 'minute', 'day', 'week_day', 'quarter', 'iso_year', 'week'))}__gt": 2}),
        lambda: Q(**{f"{field}__range": (min(moment, OPENED[2]), max(moment, OPENED[2]))}),
        lambda: Q(**{f"{field}__time__gte": moment.time()}),
        lambda: Q(due_on__year__lte=2025),
        lambda: Q(due_on__week_day=chance.randint(1, 7)),
        lambda: Q(due_on__gt=day),
        lambda: Q(**{f"{field}__lt": Now()}),
        lambda: Q(closed_at__gt=F("opened_at") + timedelta(days=1, microseconds=1)),
        lambda: Q(closed_at__date=F("due_on")),
        lambda: Q(due_on__gte=TruncDate("opened_at")),
        lambda: Q(closed_at__gte=TruncMonth("opened_at")),
        lambda: Q(opened_at__year=ExtractYear("due_on")),
        lambda: Q(closed_at__lt=F("opened_at") + F("waiting")),
    ]  # fmt: skip
    return _Constant(chance.choice(kinds)())


def _between_columns(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    return _Constant(
        chance.choice(
            (
                Q(priority__gte=F("rank")), Q(cost__gt=F("priority") * 2), Q(owner=F("team__lead")), Q(title=F("note")),
                Q(rank__lt=F("contract__amount") - 8), Q(comments__author=F("owner")), Q(note__icontains=F("title")),
                Q(priority=F("doubled") / 2), Q(custom__level=F("rank")), Q(rank=F("priority") % 2),
                Q(GreaterThan(F("priority"), F("rank") + 1)), Q(IsNull(F("note"), True)),
                Q(title__iexact=Upper("title")), Q(note=Coalesce("note", Value("100% :p0"))),
                Q(title__contains=Concat(Value("%"), Lower("state"))), Q(note__lt=Concat("title", Value(":x %s"))),
                Q(GreaterThan(Length("title"), 5)), Q(Case(When(rank__gt=0, then=Value(True)), default="is_secret")),
                Q(Case(When(Q(title__contains="%") & ~Q(note=""), then=True), default=False, output_field=BooleanField())),
            )
        )
    )  # fmt: skip


def _subquery(chance: Random, family: Family) -> Callable[[Actor], Any]:
    comments, faults, contracts = family.comments.objects, family.faults, family.contracts.objects
    word, most = _text(chance), chance.randint(1, 3)
    mine: dict[str, Callable[[Actor], Any]] = {
        "exists": lambda actor: Exists(comments.filter(fault=OuterRef("pk"), author_id=actor.user_id)),
        "not exists": lambda _: ~Exists(comments.filter(fault=OuterRef("pk"), text__icontains=word)),
        "exists of a team": lambda actor: Exists(
            Team.objects.filter(pk=OuterRef("team_id"), region=actor.attributes["region"])
        ),
        "exists within exists": lambda actor: Exists(
            get_user_model()
            ._default_manager.filter(pk=OuterRef("owner_id"))
            .filter(Exists(comments.filter(author=OuterRef("pk"), fault=OuterRef(OuterRef("pk")), text__gt=word)))
        ),
        "exists of nothing": lambda _: Exists(comments.none()),
        "not exists of nothing": lambda _: ~Exists(comments.none()),
        "exists of an empty list": lambda _: Exists(comments.filter(fault=OuterRef("pk"), score__in=[])),
        "in a queryset": lambda actor: Q(pk__in=comments.filter(author=actor.user_id).values("fault")),
        "in a queryset of teams": lambda actor: Q(team__in=Team.objects.filter(group__in=actor.attributes["groups"])),
        "in a queryset of users": lambda _: Q(
            owner__in=get_user_model()._default_manager.filter(profile__region__icontains=word)
        ),
        "not in a queryset": lambda actor: ~Q(team__in=Team.objects.exclude(lead=actor.user_id)),
        "in a sorted and sliced queryset": lambda _: Q(
            pk__in=faults._base_manager.filter(title__gte=word).order_by("-number", "pk").values("pk")[:most]
        ),
        "in an empty queryset": lambda _: Q(team__in=Team.objects.none()),
        "in a union": lambda actor: Q(
            team__in=Team.objects.filter(lead=actor.user_id)
            .values("pk")
            .union(Team.objects.filter(name__contains=word).values("pk"))
        ),
        "in counted ones": lambda _: Q(
            pk__in=faults._base_manager.annotate(n=Count("comments")).filter(n__gte=most).values("pk")
        ),
        "first of each team": lambda _: Q(
            pk__in=faults._base_manager.annotate(
                place=Window(RowNumber(), partition_by="team", order_by=["number", "pk"])
            )
            .filter(place__lte=most)
            .values("pk")
        ),
        "a subquery's value": lambda _: Q(
            rank__gt=Subquery(contracts.filter(fault=OuterRef("pk"), amount__lt=15).values("amount")[:1])
        ),
        "a subquery's text": lambda _: Q(
            note__gt=Subquery(
                comments.filter(fault=OuterRef("pk")).exclude(text=word).order_by("text").values("text")[:1]
            )
        ),
        "tags of others": lambda _: (
            Q(tags__in=Tag.objects.filter(**{f"{faults._meta.model_name}__rank__gt": 1}).exclude(name=word))
            if not issubclass(faults, models.Model) or not faults._meta.parents
            else Q(tags__in=Tag.objects.exclude(name=word))
        ),
        "groups of the owner": lambda actor: Q(owner__groups__in=Group.objects.filter(user=actor.user_id)),
    }
    name = chance.choice(sorted(mine))
    return _Named(f"{name} {word!r} {most}", mine[name])


def _several_at_once(chance: Random, _family: Family) -> Callable[[Actor], Any]:
    """Return conditions on one row of a relation, or on several."""
    word = _text(chance)
    kinds: tuple[Callable[[Actor], Any], ...] = (
        lambda actor: Q(comments__author=actor.user_id, comments__text__contains=word),
        lambda actor: Q(comments__author=actor.user_id) & ~Q(comments__is_internal=True),
        lambda actor: ~Q(comments__author=actor.user_id, comments__is_internal=True),
        lambda actor: Q(watchers=actor.user_id, tags__name=word, team__region__isnull=False),
        lambda actor: Q(watchers__profile__level__gte=1, watchers__groups__in=actor.attributes["groups"]),
    )
    which = chance.randrange(len(kinds))
    return _Named(f"{which} {word!r}", kinds[which])


_MAKERS: Final[tuple[tuple[str, Maker], ...]] = (
    ("group of the team", _fact("team__group__in", "groups")),
    ("group of the team's parent", _fact("team__parent__group__in", "groups")),
    ("region", _fact("team__region", "region")),
    ("region of the owner", _fact("owner__profile__region", "region")),
    ("region in JSON", _fact("custom__region", "region")),
    ("title as region", _fact("title__icontains", "region")),
    ("level", _fact("priority__lte", "level")),
    ("level in JSON", _fact("custom__level", "level")),
    ("token", _fact("token", "token")),
    ("mine", lambda *_: lambda actor: Q(owner=actor.user_id)),
    ("mine, by key", lambda *_: lambda actor: Q(owner_id=actor.user_id)),
    ("watched", lambda *_: lambda actor: Q(watchers=actor.user_id)),
    ("lead", lambda *_: lambda actor: Q(team__lead=actor.user_id)),
    ("commented", lambda *_: lambda actor: Q(comments__author=actor.user_id)),
    ("nothing", lambda *_: _q(pk__in=[])),
    ("everything", lambda *_: _Constant(~Q(pk__in=[]))),
    ("true", lambda *_: _Constant(Q(Value(True)))),
    ("false", lambda *_: _Constant(Q(Value(False)))),
    *(
        (maker.__name__.strip("_"), maker)
        for maker in (
            _text_lookup, _text_lookup, _regex, _in_list, _in_list, _null, _number, _number, _other, _json, _json, _moment,
            _moment, _between_columns, _subquery, _subquery, _subquery, _several_at_once,
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
        rule = Rule(f"{name} {condition!r}" if isinstance(condition, _Constant | _Named) else name, condition)
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
    "None": _Constant(None),
    "a Python bool": _Constant(True),
    "another Python bool": lambda actor: actor.is_admin,
    "a number": _Constant(1),
    "a text": _Constant("1 = 1"),
    "a dictionary": _Constant({"rank": 1}),
    "an empty Q": lambda _: Q(),
    "a negated empty Q": lambda _: ~Q(),
    "an empty Q in a Q": lambda _: Q(Q(), Q(Q())),
    "a queryset": lambda _: Team.objects.all(),
    "an unknown field": _q(nope=1),
    "an unknown lookup": _q(rank__nope=1),
    "an unknown relation": _q(team__nope__in=[1]),
    "a wrong value": _q(rank="x"),
    "a key of a wrong type": _q(team="x"),
    "a missing attribute": lambda actor: Q(rank=actor.attributes["nope"]),
    "an error": _raising,
    "a class": _Constant(Q),
}


@attrs.frozen
class RowPolicy:
    """The rule over rows; `mistake` takes its place, and administrators may see every row."""

    rule: Rule
    admins_see_all: bool
    mistake: str | None = None

    def visible_to(self, actor: Actor) -> Any:
        """Return the condition, as the host's rule does."""
        if self.admins_see_all and actor.is_admin:
            return EVERY_ROW
        return MISTAKES[self.mistake](actor) if self.mistake else self.rule.condition(actor)

    def is_wrong(self, actor: Actor) -> bool:
        """Whether the rule is a mistake for this actor."""
        return self.mistake is not None and not (self.admins_see_all and actor.is_admin)


def a_row_policy(chance: Random, family: Family) -> RowPolicy:
    """Return a policy over rows; one of twelve is a mistake."""
    rule = a_rule(chance, family)
    return RowPolicy(rule, chance.random() < 0.3, chance.choice(sorted(MISTAKES)) if chance.random() < 0.08 else None)
