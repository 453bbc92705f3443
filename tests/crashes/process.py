"""A process that can be made to fail, or to die, at any call of a port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Lock, current_thread
from types import TracebackType
from typing import TypeVar

import attrs

from ticket_export.errors import ExportFailure

T = TypeVar("T")

#: In errors that are not meant for users, who must never see it.
SECRET = "/srv/secret.db"
#: In errors that are.
INJECTED = "The part failed."


class Died(BaseException):
    """Raised by every call of a port from the death of its process on."""


class Mode(StrEnum):
    """What happens at the call that is hit."""

    #: It does nothing but raise an error of the port's kind.
    RAISE = "raise"
    #: It does nothing but raise an error that nobody foresaw.
    RAISE_UNFORESEEN = "raise-unforeseen"
    #: It does its work, and then raises an error of the port's kind.
    LOSE_ANSWER = "lose-answer"
    #: The process is dead before it.
    DIE_BEFORE = "die-before"
    #: It does its work, and then the process is dead.
    DIE_AFTER = "die-after"


@attrs.frozen
class Fault:
    """The call number `at`, counted from 0, is hit."""

    at: int
    mode: Mode


def _failure(error: type[Exception]) -> Exception:
    # The text of a failure is for users, that of others is not.
    return error(INJECTED if issubclass(error, ExportFailure) else SECRET)


@attrs.define(eq=False)
class Block:
    """A ``with`` block over a part: `leave` is the part's ``__exit__``, which is called once.

    The block of a transaction `ends_with_process`: the database undoes it. That of a writer does not.
    """

    leave: Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], bool | None]
    ends_with_process: bool
    thread: threading.Thread = attrs.field(factory=current_thread)
    is_open: bool = False

    def end(self, error: BaseException | None = None) -> bool | None:
        if not self.is_open:
            return None
        self.is_open = False
        return self.leave(type(error) if error else None, error, error.__traceback__ if error else None)


class Process:
    """Counts its calls; once dead, it calls nothing any more.

    What a dead process held in a database is undone, as a database does it; what it has begun in a
    storage stays as it is, since nobody is left to tidy up.
    """

    def __init__(self, fault: Fault | None = None, *, counts_heartbeat: bool = False) -> None:
        self.calls: list[str] = []
        self.is_dead = False
        #: The call that was hit, if any was.
        self.hit: str | None = None
        #: What happens first at the calls of that name, once they are not hit.
        self.hooks: dict[str, Callable[[], None]] = {}
        self._fault = fault
        self._counts_heartbeat = counts_heartbeat
        self._lock = Lock()
        self._blocks: list[Block] = []

    def step(self, call: str, do: Callable[[], T], *, error: type[Exception], block: Block | None = None) -> T:
        """One call of a port, which raises `error` where it fails; `block` is what the call enters or leaves."""
        self._require_life()
        mode = self._mode_of_next(call)
        if mode is Mode.DIE_BEFORE:
            self._die()
        if mode is Mode.RAISE:
            self._fail(_failure(error), block)
        if mode is Mode.RAISE_UNFORESEEN:
            self._fail(RuntimeError(SECRET), block)
        if call in self.hooks:
            self.hooks[call]()
        answer = do()
        if mode is Mode.DIE_AFTER:
            self._die()
        if mode is Mode.LOSE_ANSWER:
            self._fail(_failure(error), block)
        self._require_life()
        return answer

    def enter(self, block: Block) -> None:
        """The part whose block this is was entered just now."""
        block.is_open = True
        self._blocks.append(block)

    @contextmanager
    def running(self) -> Iterator[None]:
        """What happens inside happens in this process, in all its threads; its death ends the block, not the test."""
        hook = threading.excepthook
        threading.excepthook = lambda args: None if isinstance(args.exc_value, Died) else hook(args)
        try:
            yield
        except Died:
            assert self.is_dead
        finally:
            threading.excepthook = hook
            if self.is_dead:
                self._undo(self._blocks)

    def _mode_of_next(self, call: str) -> Mode | None:
        # At what calls the heartbeat's thread wakes depends on the machine, unless a scenario says otherwise.
        if not self._counts_heartbeat and current_thread().name.startswith("heartbeat"):
            return None
        with self._lock:
            number = len(self.calls)
            self.calls.append(call)
        if self._fault is None or self._fault.at != number:
            return None
        self.hit = call
        return self._fault.mode

    def _fail(self, failure: Exception, block: Block | None) -> None:
        # An adapter that fails to enter has let go of everything, and one that fails to leave has left.
        if block is not None:
            block.end(failure)
        raise failure

    def _die(self) -> None:
        self.is_dead = True
        self._require_life()

    def _require_life(self) -> None:
        if self.is_dead:
            # Only those of this thread: another may be in the middle of a call.
            self._undo([block for block in self._blocks if block.thread is current_thread()])
            raise Died

    def _undo(self, blocks: list[Block]) -> None:
        for block in reversed(blocks):
            if block.ends_with_process:
                block.end(Died())
