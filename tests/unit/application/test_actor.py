"""Actors, which a host may send to another process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from ticket_export import Actor, SystemPermissions


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda actor: pickle.loads(pickle.dumps(actor))])
def test_copy_of_an_actor_is_equal_and_read_only(copied: Callable[[Actor], Actor]) -> None:
    actor = Actor(user_id=7, is_admin=True, permissions=SystemPermissions.MANAGE_TEAMS, attributes={"teams": (1, None)})
    found = copied(actor)
    assert found == actor
    with pytest.raises(TypeError):
        found.attributes["teams"] = ()  # type: ignore[index]
    with pytest.raises(KeyError):
        found.attributes["regions"]
