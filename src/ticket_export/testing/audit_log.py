"""The contract of `AuditLog`.

Inherit it in your adapter's tests::

    class TestMyAuditLog(AuditLogContract[MyAuditLog]):
        @pytest.fixture
        def audit_log(self) -> MyAuditLog: ...
        def read_behind(self, audit_log: MyAuditLog) -> Sequence[AuditEntry]: ...

The method reads the record without the adapter. Moments are kept to the microsecond, durations to the millisecond.
`actor_facts` is a JSON document, which a log may keep in another spelling.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import ClassVar, Generic, TypeVar
from uuid import UUID, uuid4

import attrs
import pytest

from ticket_export.application.actor_facts import json_text
from ticket_export.application.ports.audit_log import AuditAction, AuditEntry, AuditLog, SupportsAnonymising
from ticket_export.domain.user_id import UserKeyType
from ticket_export.testing.entities import NOW, a_user_id

A = TypeVar("A", bound=AuditLog)

RECORDERS = 8

#: Texts that change if a log formats, splits, cuts, trims or encodes them again.
TEXTS = {
    "letters of many scripts": "status eq 'Öffen' ☃ 票 🎫 \u202eكتب e\u0301",
    "quotes and placeholders": "'; DROP TABLE x; -- \" \\ %s %(name)s {0} {name} :name ?",
    "several lines": "first\nsecond\r\nthird\tand a tab",
    "blanks around": "  kept  ",
    "one million characters": "columns " + "ä, " * 333_333,
}

NO_RIGHTS: dict[str, object] = {"attributes": {}, "isAdmin": False, "permissions": []}
#: The attributes of an actor, by what is special about them.
ATTRIBUTES: dict[str, dict[str, object]] = {
    "none": {},
    "of every type": {"number": -7, "text": "7", "yes": True, "no": False, "nothing": None, "list": [1, "1", None]},
    "a large number": {"number": 2**63},
    "texts of many scripts": {"Öffen": "☃ 票 🎫 \u202eكتب e\u0301", "": "'; -- \" \\ %s {0} :name"},
    "a thousand teams": {"teams": list(range(1_000))},
}


def an_entry(user_key: UserKeyType = UUID) -> AuditEntry:
    """An entry with nothing left at its default, on an export and by a user that do not exist."""
    return AuditEntry(
        action=AuditAction.COMPLETED,
        job_id=uuid4(),
        actor_id=a_user_id(user_key),
        at=NOW,
        view="columns id, title; search 'é'",
        row_count=1_000_000,
        duration=timedelta(minutes=1, milliseconds=5),
        detail="went well ☃",
        actor_facts=json_text({"attributes": {"team": 7}, "isAdmin": True, "permissions": ["manage_teams"]}),
    )


class AuditLogContract(Generic[A]):
    """The tests; override the fixture `audit_log` and `read_behind`."""

    #: The type of the users' keys.
    user_key: ClassVar[UserKeyType] = UUID

    @pytest.fixture
    def audit_log(self) -> A:
        """The adapter under test, with nothing recorded."""
        raise NotImplementedError("override the fixture `audit_log`")

    def read_behind(self, audit_log: A) -> Sequence[AuditEntry]:
        """All that was recorded, in any order, read without the adapter."""
        raise NotImplementedError

    @pytest.mark.parametrize("action", AuditAction)
    def test_entry_of_every_action_is_kept_with_all_its_fields(self, audit_log: A, action: AuditAction) -> None:
        entry = attrs.evolve(an_entry(self.user_key), action=action)
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    @pytest.mark.parametrize("field", ["actor_id", "row_count", "duration", "detail", "job_id", "actor_facts"])
    def test_each_optional_field_may_be_missing(self, audit_log: A, field: str) -> None:
        entry = AuditEntry(**{**attrs.asdict(an_entry(self.user_key)), field: None})
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    def test_entry_with_nothing_but_what_it_must_have_is_kept(self, audit_log: A) -> None:
        entry = AuditEntry(action=AuditAction.CLEANED_UP, job_id=uuid4(), actor_id=None, at=NOW, view="columns id")
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    def test_zero_and_empty_are_not_missing(self, audit_log: A) -> None:
        entry = attrs.evolve(an_entry(self.user_key), row_count=0, duration=timedelta(0), detail="", view="")
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_text_is_kept_to_the_letter(self, audit_log: A, text: str) -> None:
        entry = attrs.evolve(an_entry(self.user_key), view=text, detail=f"{text[::-1]}.")
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    def test_refusal_of_a_request_is_kept(self, audit_log: A) -> None:
        entry = AuditEntry(
            action=AuditAction.REFUSED,
            job_id=None,
            actor_id=a_user_id(self.user_key),
            at=NOW,
            view="",
            detail="request: no permission",
            actor_facts=json_text(NO_RIGHTS),
        )
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    @pytest.mark.parametrize("attributes", ATTRIBUTES.values(), ids=ATTRIBUTES)
    def test_rights_of_the_actor_are_kept(self, audit_log: A, attributes: dict[str, object]) -> None:
        entry = attrs.evolve(an_entry(self.user_key), actor_facts=json_text({**NO_RIGHTS, "attributes": attributes}))
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    @pytest.mark.parametrize("microsecond", [0, 1, 999_999])
    def test_moment_is_kept_to_the_microsecond(self, audit_log: A, microsecond: int) -> None:
        entry = attrs.evolve(an_entry(self.user_key), at=NOW.replace(microsecond=microsecond))
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    @pytest.mark.parametrize("duration", [timedelta(milliseconds=1), timedelta(seconds=1), timedelta(days=400)])
    def test_duration_is_kept_to_the_millisecond(self, audit_log: A, duration: timedelta) -> None:
        entry = attrs.evolve(an_entry(self.user_key), duration=duration, row_count=2**31 - 1)
        audit_log.record(entry)
        self.assert_kept(audit_log, [entry])

    def test_all_that_happens_to_one_export_is_kept(self, audit_log: A) -> None:
        first = an_entry(self.user_key)
        life = [
            attrs.evolve(first, action=action, at=NOW + timedelta(minutes=minute))
            for minute, action in enumerate(AuditAction)
        ]
        for entry in life:
            audit_log.record(entry)
        self.assert_kept(audit_log, life)

    def test_what_happens_twice_in_one_moment_is_kept_twice(self, audit_log: A) -> None:
        download = attrs.evolve(an_entry(self.user_key), action=AuditAction.DOWNLOADED)
        audit_log.record(download)
        audit_log.record(download)
        self.assert_kept(audit_log, [download, download])

    def test_entries_of_several_threads_are_all_kept(self, audit_log: A) -> None:
        ready = Barrier(RECORDERS)
        shares = [[an_entry(self.user_key) for _ in range(25)] for _ in range(RECORDERS)]

        def record(entries: list[AuditEntry]) -> None:
            ready.wait(timeout=60)
            for entry in entries:
                audit_log.record(entry)

        with ThreadPoolExecutor(RECORDERS) as threads:
            list(threads.map(record, shares))
        self.assert_kept(audit_log, [entry for share in shares for entry in share])

    def test_user_is_removed_from_all_entries_and_from_the_systems_about_their_exports(self, audit_log: A) -> None:
        if not isinstance(audit_log, SupportsAnonymising):
            pytest.skip("this audit log cannot change its entries")
        theirs, others = uuid4(), uuid4()
        gone, other = a_user_id(self.user_key), a_user_id(self.user_key)
        entry = attrs.evolve(an_entry(self.user_key), action=AuditAction.REQUESTED, actor_id=gone, job_id=theirs)
        cleaned = attrs.evolve(entry, action=AuditAction.CLEANED_UP, actor_id=None)
        own = [
            entry,
            attrs.evolve(entry, action=AuditAction.RETRIED, detail=None),
            attrs.evolve(entry, action=AuditAction.DOWNLOADED, job_id=others),
            cleaned,
        ]
        kept = [
            attrs.evolve(entry, action=AuditAction.DOWNLOADED, actor_id=other),
            attrs.evolve(entry, actor_id=other, job_id=others),
            attrs.evolve(cleaned, job_id=others),
        ]
        for each in (*own, *kept):
            audit_log.record(each)
        assert audit_log.anonymise(gone) == len(own)
        anonymous = [attrs.evolve(each, actor_id=None, actor_facts=None, view="", detail=None) for each in own]
        self.assert_kept(audit_log, [*anonymous, *kept])
        assert audit_log.anonymise(gone) == 0
        self.assert_kept(audit_log, [*anonymous, *kept])

    def assert_kept(self, audit_log: A, entries: Sequence[AuditEntry]) -> None:
        """The record holds these entries and no others."""
        assert Counter(map(_in_one_spelling, self.read_behind(audit_log))) == Counter(entries)


def _in_one_spelling(entry: AuditEntry) -> AuditEntry:
    facts = entry.actor_facts
    return entry if facts is None else attrs.evolve(entry, actor_facts=json_text(json.loads(facts)))
