"""What makes conditions: a model with its neighbours, and conditions with or without facts of the actor."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, TypeAlias

import attrs
from django.db.models import Q

from tests.rights.on_django.models import FAMILIES
from tests.rights.on_django.world import ODD
from ticket_export import Actor

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
class Constant:
    """A condition that is the same for everybody."""

    condition: Any

    def __call__(self, _actor: Actor) -> Any:
        return self.condition


@attrs.frozen
class Named:
    """A condition that depends on the actor, with what tells it from others."""

    name: str
    condition: Callable[[Actor], Any] = attrs.field(repr=False)

    def __call__(self, actor: Actor) -> Any:
        found = self.condition(actor)
        return found if isinstance(found, Q) else Q(found)


def fixed(**lookups: Any) -> Callable[[Actor], Any]:
    """Return a condition that is the same for everybody."""
    return Constant(Q(**lookups))


def fact(lookup: str, name: str) -> Maker:
    return lambda _chance, _family: Named(f"{lookup}={name}", lambda actor: Q(**{lookup: actor.attributes[name]}))


def a_text(chance: Random) -> str:
    text = chance.choice(ODD)
    return text if chance.random() < 0.6 else text[: chance.randint(0, 3)]
