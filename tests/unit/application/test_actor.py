"""Actors, which a host may send to another process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ticket_export import Actor, ConfigurationError, SystemPermissions


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda actor: pickle.loads(pickle.dumps(actor))])
def test_copy_of_an_actor_is_equal_and_read_only(copied: Callable[[Actor], Actor]) -> None:
    actor = Actor(user_id=7, is_admin=True, permissions=SystemPermissions.MANAGE_TEAMS, attributes={"teams": (1, None)})
    found = copied(actor)
    assert found == actor
    with pytest.raises(TypeError):
        found.attributes["teams"] = ()  # type: ignore[index]
    with pytest.raises(KeyError):
        found.attributes["regions"]


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"teams": [1, 2]}, "list"),
        ({"teams": (1, 2.5)}, "float"),
        ({"since": datetime(2026, 1, 1, tzinfo=UTC)}, "datetime"),
        ({7: "x"}, "the name 7 is of type int"),
    ],
)
def test_attribute_that_no_rule_can_compare_is_refused_by_name(attributes: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Actor(user_id=7, attributes=attributes)
