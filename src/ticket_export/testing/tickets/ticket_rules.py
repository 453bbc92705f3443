"""The contract of `TicketSource`: the rows and columns that an actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from uuid import UUID, uuid5

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_export.application.actor import Actor
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.errors import ConfigurationError, ExportFailure, InvalidPayloadError
from ticket_export.testing.entities import AN_ACTOR
from ticket_export.testing.tickets.stored_tickets import AS_OF, StoredTicket, T, TicketBackDoor

ANN = UUID("00000000-0000-4000-8000-0000000000a1")
BOB = UUID("f0000000-0000-4000-8000-0000000000b2")
ADMIN = Actor(user_id=AN_ACTOR.user_id, is_admin=True)

#: 1 and 4 are of Ann, 2 and 5 of Bob, 3 and 6 of nobody. Every other ticket fulfils what the first of its three does.
OWNED = [
    StoredTicket(id=1, title="Printer", score=Decimal("1.00"), state="new", owner=ANN),
    StoredTicket(id=2, title="printer", score=Decimal("2.00"), state="open", owner=BOB),
    StoredTicket(id=3, title="PRINTER", score=Decimal("3.00"), state="done"),
    StoredTicket(id=4, title="", urgent=True, due=AS_OF, owner=ANN),
    StoredTicket(id=5, urgent=False, due=AS_OF, owner=BOB),
    StoredTicket(id=6, title="zebra", urgent=True, due=AS_OF),
]

#: A part of a view, and the tickets that Ann sees then. The tickets of others meet each condition too.
VIEWS: list[tuple[dict[str, object], list[int]]] = [
    ({}, [1, 4]),
    ({"sortDirection": "desc"}, [4, 1]),
    ({"sortField": "score", "sortDirection": "desc"}, [1, 4]),
    ({"filters": [{"field": "title", "operator": "eq", "value": "printer"}]}, [1]),
    ({"filters": [{"field": "title", "operator": "neq", "value": "printer"}]}, [4]),
    ({"filters": [{"field": "title", "operator": "is_empty"}]}, [4]),
    ({"filters": [{"field": "score", "operator": "gte", "value": "1"}]}, [1]),
    ({"filters": [{"field": "urgent", "operator": "is_true"}]}, [4]),
    ({"filters": [{"field": "due", "operator": "is_on_or_before", "value": "2026-03-01"}]}, [4]),
    ({"filters": [{"field": "state", "operator": "is_none_of", "value": "done"}]}, [1, 4]),
    ({"filters": [{"field": "owner", "operator": "neq", "value": str(ANN)}]}, []),
    ({"filters": [{"field": "owner", "operator": "is_empty"}]}, []),
    ({"scope": {"assignedToUserId": str(BOB)}}, []),
    ({"scope": {"assignedToUserId": str(ANN)}}, [1, 4]),
]

#: A use of the hidden column, as a part of a view that is fine without it.
USES: list[tuple[str, dict[str, object]]] = [
    ("score", {"columns": ["id", "score"]}),
    ("score", {"filters": [{"field": "score", "operator": "gt", "value": "1"}]}),
    ("score", {"sortField": "score"}),
    ("title", {"columns": ["id", "title"]}),
    ("title", {"filters": [{"field": "title", "operator": "contains", "value": "x"}]}),
    ("owner", {"filters": [{"field": "owner", "operator": "is_empty"}]}),
    ("state", {"sortField": "state"}),
]


def agent(*owners: UUID, hidden: Sequence[str] = ()) -> Actor:
    """Return an actor who sees the tickets of `owners`, and not the columns `hidden`."""
    attributes = {"owners": owners, "hidden": tuple(hidden)}
    return Actor(user_id=uuid5(ANN, repr(attributes)), attributes=attributes)


class TicketRulesContract(TicketBackDoor[T]):
    """A part of `TicketSourceContract`; the tests of rules need the method `limited`."""

    def test_source_without_rules_shows_everything_to_everybody(self, source: T) -> None:
        self.put_tickets(source, OWNED)
        assert source.columns(agent()).is_complete
        assert self._seen(source, agent()) == [1, 2, 3, 4, 5, 6]

    def test_actor_without_limits_sees_everything(self, source: T) -> None:
        limited = self._limited(source)
        assert limited.columns(ADMIN).is_complete
        assert [column.name for column in limited.columns(ADMIN)] == [each.name for each in source.columns(ADMIN)]
        assert self._seen(limited, ADMIN) == [1, 2, 3, 4, 5, 6]

    @pytest.mark.parametrize("hidden", [(), ("score",)])
    def test_what_a_rule_limits_is_not_complete(self, source: T, hidden: Sequence[str]) -> None:
        # Even if all tickets of now are visible: tomorrow there may be others.
        limited = self._limited(source)
        assert not limited.columns(agent(ANN, BOB, hidden=hidden)).is_complete

    @pytest.mark.parametrize(("view", "shown"), VIEWS)
    def test_rows_and_count_are_those_that_the_actor_may_see(
        self, source: T, view: dict[str, object], shown: list[int]
    ) -> None:
        assert self._seen(self._limited(source), agent(ANN), **view) == shown

    def test_search_finds_only_what_the_actor_may_see(self, source: T) -> None:
        limited = self._limited(source)
        assert self._records(limited, agent(ANN), columns=["id", "title"], searchTerm="print") == [b"1,Printer"]
        assert self._records(limited, agent(ANN), columns=["id", "title"], searchTerm="zebra") == []

    @pytest.mark.parametrize("owners", [(), (UUID(int=0),)])
    def test_actor_who_may_see_no_row_gets_none(self, source: T, owners: tuple[UUID, ...]) -> None:
        limited = self._limited(source)
        assert self._seen(limited, agent(*owners)) == []
        assert len(limited.columns(agent(*owners))) == len(source.columns(ADMIN))

    def test_row_for_which_the_rule_has_no_answer_is_not_shown(self, source: T) -> None:
        assert self._seen(self._limited(source), agent(ANN, BOB)) == [1, 2, 4, 5]

    @pytest.mark.parametrize(("name", "use"), USES)
    def test_hidden_column_looks_like_one_that_does_not_exist(
        self, source: T, name: str, use: dict[str, object]
    ) -> None:
        limited = self._limited(source)
        self._query(limited, ADMIN, **use)
        actor = agent(ANN, hidden=[name])
        assert limited.columns(actor).find(name) is None
        assert name not in [column.name for column in limited.columns(actor)]
        missing = "q" * len(name)
        with pytest.raises(InvalidPayloadError) as refused:
            self._query(limited, actor, **use)
        with pytest.raises(InvalidPayloadError) as unknown:
            self._query(limited, actor, **_renamed(use, name, missing))
        assert str(refused.value) == str(unknown.value).replace(missing, name)

    def test_hidden_column_is_in_no_suggestion(self, source: T) -> None:
        limited = self._limited(source)
        with pytest.raises(InvalidPayloadError, match="did you mean 'score'"):
            self._query(limited, ADMIN, sortField="scores")
        with pytest.raises(InvalidPayloadError) as refused:
            self._query(limited, agent(ANN, hidden=["score"]), sortField="scores")
        assert "'score'" not in str(refused.value)

    def test_search_does_not_look_into_a_hidden_column(self, source: T) -> None:
        limited = self._limited(source)
        with pytest.raises(InvalidPayloadError, match="none of the chosen columns can be searched") as refused:
            self._query(limited, agent(ANN, hidden=["title"]), columns=["note"], searchTerm="x")
        assert "title" not in str(refused.value)
        records = self._records(limited, agent(ANN, hidden=["title"]), columns=["id"], searchTerm="print")
        assert records == []

    def test_scope_on_a_hidden_column_is_refused_and_not_ignored(self, source: T) -> None:
        limited = self._limited(source)
        scope = {"assignedToUserId": str(ANN)}
        assert self._seen(limited, ADMIN, scope=scope) == [1, 4]
        with pytest.raises(InvalidPayloadError, match="these tickets cannot be restricted to one assignee"):
            self._query(limited, agent(ANN, hidden=["owner"]), scope=scope)

    def test_rule_works_on_a_column_that_is_hidden(self, source: T) -> None:
        assert self._seen(self._limited(source), agent(ANN, hidden=["owner", "title"])) == [1, 4]

    def test_hidden_columns_can_be_all_but_one(self, source: T) -> None:
        limited = self._limited(source)
        others = [column.name for column in limited.columns(ADMIN) if column.name != "id"]
        actor = agent(ANN, hidden=others)
        assert [column.name for column in limited.columns(actor)] == ["id"]
        assert self._seen(limited, actor) == [1, 4]

    @pytest.mark.parametrize(("name", "use"), USES)
    def test_query_that_names_a_hidden_column_is_refused_before_a_row_is_read(
        self, source: T, name: str, use: dict[str, object]
    ) -> None:
        limited = self._limited(source)
        stolen = attrs.evolve(self._query(limited, ADMIN, **use), actor=agent(ANN, BOB, hidden=[name]))
        with pytest.raises((ExportFailure, ConfigurationError)), limited.open(stolen, CsvFormat()) as reader:
            pytest.fail(f"{reader.count()} rows can be read")

    def test_rows_depend_on_the_actor_of_the_query_alone(self, source: T) -> None:
        limited = self._limited(source)
        actors = [ADMIN, agent(ANN), agent(BOB), agent()]
        with ExitStack() as stack:
            readers = [stack.enter_context(limited.open(self._query(limited, actor), CsvFormat())) for actor in actors]
            blocks = [reader.blocks() for reader in readers]
            ids = [[int(line) for block in each for line in block.data.split()] for each in blocks]
        assert ids == [[1, 2, 3, 4, 5, 6], [1, 4], [2, 5], []]

    def test_rule_that_fails_is_a_mistake_of_the_host_and_shows_nothing(self, source: T) -> None:
        limited = self._limited(source)
        # Without the attributes that the rules need.
        unknown = Actor(user_id=ANN)
        with pytest.raises(ConfigurationError) as refused:
            limited.columns(unknown)
        assert refused.value.__cause__ is not None
        query = attrs.evolve(self._query(limited, ADMIN), actor=unknown)
        with pytest.raises(ConfigurationError), limited.open(query, CsvFormat()) as reader:
            pytest.fail(f"{reader.count()} rows can be read")

    @given(
        owners=st.lists(st.sampled_from([ANN, BOB, None]), max_size=12),
        seen=st.sets(st.sampled_from([ANN, BOB, UUID(int=7)])),
        view=st.fixed_dictionaries(
            {"sortDirection": st.sampled_from(["asc", "desc"])},
            optional={
                "sortField": st.sampled_from(["id", "title"]),
                "filters": st.sampled_from([each["filters"] for each, _ in VIEWS if "filters" in each]),
            },
        ),
    )
    # One source serves all examples, since each replaces what there was.
    @settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
    def test_actor_gets_the_rows_of_everybody_without_those_of_others(
        self, source: T, owners: list[UUID | None], seen: set[UUID], view: dict[str, object]
    ) -> None:
        tickets = [
            attrs.evolve(OWNED[number % len(OWNED)], id=number, owner=owner) for number, owner in enumerate(owners)
        ]
        limited = self._limited(source, tickets)
        theirs = [number for number in self._seen(limited, ADMIN, **view) if owners[number] in seen]
        assert self._seen(limited, agent(*sorted(seen)), **view) == theirs

    def _limited(self, source: T, tickets: Sequence[StoredTicket] = OWNED) -> T:
        needed = ("id", "title", "note", "score", "urgent", "due", "state", "owner")
        if lacking := [name for name in needed if source.columns(ADMIN).find(name) is None]:
            pytest.skip(f"{type(source).__name__} has no column {lacking[0]!r}")
        limited = self.limited(source)
        self.put_tickets(source, tickets)
        return limited

    def _query(self, source: T, actor: Actor, **view: object) -> TicketQuery:
        return TicketQuery.of({"columns": ["id"], **view}, source.columns(actor), actor=actor, as_of=AS_OF)

    def _records(self, source: T, actor: Actor, **view: object) -> list[bytes]:
        return self._read(source, self._query(source, actor, **view)).splitlines()

    def _seen(self, source: T, actor: Actor, **view: object) -> list[int]:
        return [int(record) for record in self._records(source, actor, **view)]


def _renamed(use: object, name: str, new: str) -> dict[str, object]:
    def renamed(value: object) -> object:
        if isinstance(value, dict):
            return {key: renamed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [renamed(each) for each in value]
        return new if value == name else value

    found = renamed(use)
    assert isinstance(found, dict)
    return found
