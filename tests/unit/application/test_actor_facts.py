from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ticket_export import Actor, SystemPermissions
from ticket_export.application.actor_facts import facts_of, json_text, rights_digest

ACTOR = Actor(
    user_id=7,
    is_admin=True,
    permissions=SystemPermissions.IMPORT_EXPORT_TICKETS | SystemPermissions.MANAGE_TEAMS,
    attributes={"team_ids": (1, UUID(int=2), None), "tenant": "ÄG", "on_call": False},
)

_facts = st.none() | st.booleans() | st.integers() | st.uuids() | st.text(st.characters()) | st.sampled_from("17")
ACTORS = st.builds(
    Actor,
    user_id=st.integers(),
    is_admin=st.booleans(),
    permissions=st.integers(min_value=0, max_value=1023).map(SystemPermissions),
    attributes=st.dictionaries(
        st.text(st.characters(), max_size=3), _facts | st.lists(_facts, max_size=3).map(tuple), max_size=3
    ),
)


def test_facts_are_permissions_by_developer_name_and_attributes() -> None:
    assert facts_of(ACTOR) == (
        '{"attributes":{"on_call":false,"team_ids":[1,"00000000-0000-0000-0000-000000000002",null],"tenant":"ÄG"},'
        '"isAdmin":true,"permissions":["manage_teams","import_export_tickets"]}'
    )


@given(ACTORS)
def test_facts_of_every_actor_can_be_stored_and_have_one_spelling(actor: Actor) -> None:
    text = facts_of(actor)
    assert text.encode()  # no lone surrogate
    facts = json.loads(text)
    assert json_text(facts) == text
    assert not any("\x00" in each for each in texts_in(facts))


def texts_in(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for pair in value.items() for each in pair for text in texts_in(each)]
        case list():
            return [text for each in value for text in texts_in(each)]
    return []


@given(ACTORS, ACTORS)
def test_digests_are_equal_exactly_for_equal_rights(one: Actor, other: Actor) -> None:
    assert (rights_digest(one) == rights_digest(other)) == (rights_of(one) == rights_of(other))
    assert rights_digest(one) == rights_digest(attrs.evolve(one, user_id=8))


def rights_of(actor: Actor) -> object:
    def typed(value: Any) -> object:
        return tuple(map(typed, value)) if isinstance(value, tuple) else (type(value), value)

    return actor.is_admin, actor.permissions, {name: typed(value) for name, value in actor.attributes.items()}
