"""How a session's transaction ends, for those who wait for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_KEY = "ticket_export_session_outcome"


def run_after_commit(session: Session, actions: Sequence[Callable[[], None]]) -> None:
    """Call `actions` when the session has committed the work done up to now; never, if it is undone."""
    if actions:
        _outcome_of(session).wait(session, actions)


@attrs.frozen
class _Waiting:
    actions: Sequence[Callable[[], None]]
    #: The savepoint that the work was done in, those around it, and the transaction itself.
    transactions: Sequence[SessionTransaction]


class _SessionOutcome:
    """Listens to one session for as long as it lives: a listener cannot be removed while it is called."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def wait(self, session: Session, actions: Sequence[Callable[[], None]]) -> None:
        transactions = []
        transaction = session.get_nested_transaction() or session.get_transaction()
        while transaction is not None:
            transactions.append(transaction)
            transaction = transaction.parent
        self._waiting.append(_Waiting(actions, transactions))

    def after_commit(self, session: Session) -> None:
        # Releasing a savepoint is announced as a commit too.
        if not session.in_nested_transaction():
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                for action in each.actions:
                    action()

    def after_soft_rollback(self, _session: Session, undone: SessionTransaction) -> None:
        self._waiting = [each for each in self._waiting if undone not in each.transactions]

    def after_transaction_end(self, _session: Session, ended: SessionTransaction) -> None:
        # A session that is closed undoes its work without announcing a rollback.
        if ended.parent is None:
            self._waiting = []


def _outcome_of(session: Session) -> _SessionOutcome:
    outcome = session.info.get(_KEY)
    if not isinstance(outcome, _SessionOutcome):
        outcome = session.info[_KEY] = _SessionOutcome()
        event.listen(session, "after_commit", outcome.after_commit)
        event.listen(session, "after_soft_rollback", outcome.after_soft_rollback)
        event.listen(session, "after_transaction_end", outcome.after_transaction_end)
    return outcome
