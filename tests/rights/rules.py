"""Random rules over rows, each twice: as the SQL condition of a host, and as plain Python with three truth values."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

import attrs
from sqlalchemy import ColumnElement, and_, exists, false, literal, not_, or_, select, text, true

from tests.rights.desk import CASES, TEAMS, WATCHERS, Case, Person, team_of
from ticket_export.catalog import EVERY_ROW

#: None is SQL's "unknown".
Truth: TypeAlias = bool | None


class RuleRaisesError(Exception):
    """The host's rule cannot be evaluated for this actor."""


@attrs.frozen
class Atom:
    """A condition that looks at the fact `needs` of the actor, if it needs one."""

    name: str
    sql: Callable[[Any], ColumnElement[bool]] = attrs.field(eq=False, repr=False)
    truth: Callable[[Person, Case], Truth] = attrs.field(eq=False, repr=False)
    needs: str | None = None


def _is(value: object, wanted: object) -> Truth:
    """Return the truth of ``column == wanted``, which SQLAlchemy writes as ``IS NULL`` for None."""
    if wanted is None:
        return value is None
    return None if value is None else value == wanted


def _among(value: object, members: tuple[object, ...]) -> Truth:
    if not members:
        return False
    if value is None:
        return None
    if value in members:
        return True
    return None if None in members else False


ATOMS = (
    Atom("everything", lambda _: true(), lambda *_: True),
    Atom("nothing", lambda _: false(), lambda *_: False),
    Atom(
        "my teams",
        lambda actor: CASES.c.team_id.in_(actor.attributes["teams"]),
        lambda actor, case: _among(case.team_id, actor.teams),
        "teams",
    ),
    Atom(
        "no team of mine",
        lambda actor: CASES.c.team_id.not_in(actor.attributes["teams"]),
        lambda actor, case: _not(_among(case.team_id, actor.teams)),
        "teams",
    ),
    Atom("mine", lambda actor: CASES.c.owner_id == actor.user_id, lambda actor, case: _is(case.owner_id, actor.id)),
    Atom(
        "not mine",
        lambda actor: CASES.c.owner_id != actor.user_id,
        lambda actor, case: _not(_is(case.owner_id, actor.id)),
    ),
    Atom("without owner", lambda _: CASES.c.owner_id.is_(None), lambda _, case: case.owner_id is None),
    Atom(
        "my tenant",
        lambda actor: CASES.c.tenant == actor.attributes["tenant"],
        lambda actor, case: _is(case.tenant, actor.tenant),
        "tenant",
    ),
    Atom(
        "my region, by the joined team",
        lambda actor: TEAMS.c.region == actor.attributes["tenant"],
        lambda actor, case: _is(team.region if (team := team_of(case)) else None, actor.tenant),
        "tenant",
    ),
    Atom(
        "up to my level",
        lambda actor: CASES.c.level <= actor.attributes["level"],
        lambda actor, case: None if case.level is None else case.level <= actor.level,
        "level",
    ),
    Atom("not secret", lambda _: not_(CASES.c.secret), lambda _, case: _not(case.secret)),
    Atom("surely not secret", lambda _: CASES.c.secret.is_(False), lambda _, case: case.secret is False),
    Atom(
        "watched by me",
        lambda actor: exists().where(WATCHERS.c.case_id == CASES.c.number, WATCHERS.c.user_id == actor.user_id),
        lambda actor, case: actor.id in case.watchers,
    ),
    Atom(
        "among those that I watch",
        lambda actor: CASES.c.number.in_(select(WATCHERS.c.case_id).where(WATCHERS.c.user_id == actor.user_id)),
        lambda actor, case: actor.id in case.watchers,
    ),
)


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


@attrs.frozen
class Both:
    """A conjunction (`is_and`) or a disjunction of two rules, or the negation of the first."""

    how: str
    left: Rule
    right: Rule

    def sql(self, actor: Any) -> ColumnElement[bool]:
        left, right = self.left.sql(actor), self.right.sql(actor)
        return {"and": and_(left, right), "or": or_(left, right), "not": not_(left)}[self.how]

    def truth(self, actor: Person, case: Case) -> Truth:
        left, right = self.left.truth(actor, case), self.right.truth(actor, case)
        if self.how == "not":
            return _not(left)
        ends = self.how == "or"
        if ends in (left, right):
            return ends
        return None if None in (left, right) else not ends


Rule: TypeAlias = Atom | Both


def a_rule(chance: Random, leaves: int | None = None) -> Rule:
    """Return a rule of up to five conditions."""
    leaves = leaves or chance.choice((1, 1, 2, 2, 3, 4, 5))
    if leaves == 1:
        # The constants are rare, since they show all cases or none.
        return chance.choice(ATOMS if chance.random() < 0.2 else ATOMS[2:])
    left = chance.randint(1, leaves - 1)
    how = chance.choice(("and", "and", "or", "or", "not"))
    return Both(how, a_rule(chance, left), a_rule(chance, leaves - left))


def needs(rule: Rule) -> set[str]:
    """Return the facts without which the rule raises."""
    if isinstance(rule, Atom):
        return {rule.needs} if rule.needs else set()
    return needs(rule.left) | needs(rule.right)


def _raising(_actor: Any) -> Any:
    raise ZeroDivisionError("90000017 is a salary")


#: Mistakes of a host: what a rule returns that is no condition, and a rule that raises.
MISTAKES: dict[str, Callable[[Any], Any]] = {
    "None": lambda _: None,
    "a Python bool": lambda _: True,
    "another Python bool": lambda actor: actor.is_admin,
    "a number": lambda _: 1,
    "a text": lambda _: "1 = 1",
    "a fragment of SQL": lambda _: text("1 = 1"),
    "a column that is no condition": lambda _: CASES.c.number,
    "a constant that is no condition": lambda _: literal(1),
    "a select": lambda _: select(CASES.c.secret),
    "a table that is not joined": lambda actor: WATCHERS.c.user_id == actor.user_id,
    "an error": _raising,
}


@attrs.frozen
class RowPolicy:
    """The rule over rows. Administrators see every row if `admins_see_all`; a `mistake` takes the place of the rule."""

    rule: Rule | None
    admins_see_all: bool
    mistake: str | None = None

    def visible_to(self, actor: Any) -> Any:
        """Return what the host's rule returns."""
        if self.rule is None or (self.admins_see_all and actor.is_admin):
            return EVERY_ROW
        return MISTAKES[self.mistake](actor) if self.mistake else self.rule.sql(actor)

    def is_everything(self, actor: Person) -> bool:
        """Whether the rule returns EVERY_ROW."""
        return self.rule is None or (self.admins_see_all and actor.is_admin)

    def shows(self, actor: Person, case: Case) -> bool:
        """Whether the actor may see the case.

        Raises:
            RuleRaisesError: the library must refuse the rule.
        """
        if self.is_everything(actor):
            return True
        assert self.rule is not None
        if self.mistake or needs(self.rule) - actor.facts:
            raise RuleRaisesError
        return self.rule.truth(actor, case) is True


def a_row_policy(chance: Random) -> RowPolicy:
    """Return a policy over rows; one of eight has no rule, one of eight is a mistake."""
    rule = None if chance.random() < 0.12 else a_rule(chance)
    mistake = chance.choice(sorted(MISTAKES)) if rule is not None and chance.random() < 0.12 else None
    return RowPolicy(rule, chance.random() < 0.4, mistake)
