from __future__ import annotations

from threading import Event, Thread
from uuid import uuid4

import pytest

from ticket_export.application.user_turns import UserTurns
from ticket_export.errors import JobDatabaseError

USER, OTHER = uuid4(), uuid4()


def test_one_user_has_one_turn_at_a_time_and_others_have_their_own() -> None:
    turns = UserTurns(longest_wait=0)
    with turns.of(USER):
        with pytest.raises(JobDatabaseError, match="other requests of this user"), turns.of(USER):
            pass
        with turns.of(OTHER):
            pass
    with turns.of(USER):
        pass


def test_turn_ends_with_the_block_also_by_an_error() -> None:
    turns = UserTurns(longest_wait=0)
    with pytest.raises(KeyError), turns.of(USER):
        raise KeyError
    with turns.of(USER):
        pass


def test_turns_of_before_a_renewal_are_over_and_their_end_ends_no_later_one() -> None:
    turns = UserTurns(longest_wait=0)
    with turns.of(USER):
        turns.renew()
        with turns.of(USER):
            pass
        later = turns.of(USER)
        later.__enter__()
    with pytest.raises(JobDatabaseError), turns.of(USER):
        pass
    later.__exit__(None, None, None)
    with turns.of(USER):
        pass


def test_turn_that_is_over_early_is_over_once() -> None:
    turns = UserTurns(longest_wait=0)
    with turns.of(USER) as is_over:
        is_over()
        with turns.of(USER):
            is_over()
            with pytest.raises(JobDatabaseError), turns.of(USER):
                pass


def test_all_that_wait_have_their_turn_one_after_the_other() -> None:
    turns, had, inside, most = UserTurns(), [], 0, 0
    begin = Event()

    def request(number: int) -> None:
        nonlocal inside, most
        assert begin.wait(60)
        with turns.of(USER):
            inside += 1
            most = max(most, inside)
            had.append(number)
            inside -= 1

    threads = [Thread(target=request, args=(number,), daemon=True) for number in range(20)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(60)
    assert (sorted(had), most) == (list(range(20)), 1)
