"""Actions that wait for the end of a session's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_KEY = "ticket_export_waiting"


@attrs.frozen
class _Waiting:
    actions: Sequence[Callable[[], None]]
    #: The savepoint of the work, the savepoints around it, and the transaction.
    transactions: Sequence[SessionTransaction]


def run_after_commit(session: Session, actions: Sequence[Callable[[], None]]) -> None:
    """Call `actions` when the session commits its work up to now. Drop them if that work is undone."""
    if not actions:
        return
    transactions = []
    transaction = session.get_nested_transaction() or session.get_transaction()
    while transaction is not None:
        transactions.append(transaction)
        transaction = transaction.parent
    if _KEY not in session.info:
        session.info[_KEY] = []
        # For the session's whole life: a listener cannot be removed while it is called.
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_soft_rollback", _undone)
        event.listen(session, "after_transaction_end", _ended)
    session.info[_KEY].append(_Waiting(actions, transactions))


def _committed(session: Session) -> None:
    # The release of a savepoint is also announced as a commit.
    if not session.in_nested_transaction():
        waiting, session.info[_KEY] = session.info[_KEY], []
        for each in waiting:
            for action in each.actions:
                action()


def _undone(session: Session, undone: SessionTransaction) -> None:
    session.info[_KEY] = [each for each in session.info[_KEY] if undone not in each.transactions]


def _ended(session: Session, ended: SessionTransaction) -> None:
    # Closing a session undoes its work and announces no rollback.
    if ended.parent is None:
        session.info[_KEY] = []
