"""Any adapter, with every call of its port a step of a process.

Which calls there are is read from the protocols in `ticket_export.application.ports`, so that a new
method of a port is a new step by itself. A call that no protocol knows is an ``AttributeError``.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from types import TracebackType
from typing import Any, TypeVar, cast

import attrs

from tests.crashes.process import Block, Process
from ticket_export.application import ports
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.file_format import FileContainer, FileFormat
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.errors import JobDatabaseError, StorageError, TicketSourceError

T = TypeVar("T")

_ENTER, _EXIT = "__enter__", "__exit__"


def _protocols() -> dict[str, type]:
    modules = [import_module(f"{ports.__name__}.{each.name}") for each in pkgutil.iter_modules(ports.__path__)]
    return {
        name: port
        for module in modules
        for name, port in vars(module).items()
        if inspect.isclass(port) and port.__module__ == module.__name__ and getattr(port, "_is_protocol", False)
    }


#: The protocols of the ports, by name.
PROTOCOLS = _protocols()
# What an adapter may be able to do besides.
_OPTIONAL = [port for port in PROTOCOLS.values() if getattr(port, "_is_runtime_protocol", False)]
_ERRORS: dict[str, type[Exception]] = {
    "compression": MemoryError,
    "file_format": ValueError,
    "export_storage": StorageError,
    "ticket_source": TicketSourceError,
}


def members_of(port: type) -> dict[str, Any]:
    """The methods and properties of a protocol."""
    return {
        name: member
        for name, member in vars(port).items()
        if name in {_ENTER, _EXIT} or (not name.startswith("_") and (callable(member) or isinstance(member, property)))
    }


def every_call() -> set[str]:
    """The calls of all ports, as a process names them."""
    calls = set()
    for port in PROTOCOLS.values():
        for name, member in members_of(port).items():
            call = f"{port.__name__}.{name}"
            if not isinstance(member, property) or _port_in(member.fget) is None:
                calls.add(call)
            if not isinstance(member, property) and _opens(member):
                calls.add(f"{call}.{_EXIT}")
    return calls


def watched(part: T, port: type, process: Process) -> T:
    """`part`, an adapter of `port`, as `process` sees it."""
    return cast("T", _watched_class(port, cast("type", type(part)))(part, process))


def watched_formats(formats: FileFormats, process: Process) -> FileFormats:
    """The same formats, whose containers are as `process` sees them. A source still knows them by their `rows`."""
    return attrs.evolve(formats, by_name={name: _with_watched(each, process) for name, each in formats.by_name.items()})


def _with_watched(made: type[FileFormat], process: Process) -> type[FileFormat]:
    def container(self: FileFormat, columns: Sequence[TicketColumn]) -> FileContainer:
        call = f"{FileFormat.__name__}.container"
        found = process.step(call, lambda: made.container(self, columns), error=_ERRORS["file_format"])
        return watched(found, FileContainer, process)

    return type(f"Watched{made.__name__}", (made,), {"container": container})


@attrs.define(eq=False)
class _Watched:
    part: Any
    process: Process
    block: Block | None = None


@cache
def _watched_class(port: type, part: type) -> type[_Watched]:
    its_ports = [port, *(ability for ability in _OPTIONAL if set(members_of(ability)) <= set(dir(part)))]
    members = {name: _member(each, name, member) for each in its_ports for name, member in members_of(each).items()}
    return type(f"Watched{port.__name__}", (_Watched,), members)


def _member(port: type, name: str, member: Any) -> object:
    call = f"{port.__name__}.{name}"
    error = _ERRORS.get(port.__module__.rpartition(".")[2], JobDatabaseError)
    if isinstance(member, property):
        return property(_getter(name, _port_in(member.fget), call, error))
    if name == _ENTER:
        return lambda self: _enter(self, call, error)
    if name == _EXIT:
        return lambda self, *exc_info: _leave(self, call, error, exc_info[1])
    returns = str(inspect.get_annotations(member)["return"])
    given = _port_in(member)
    if _opens(member):
        return lambda self, *args, **kwargs: _Opened(self, name, args, kwargs, call, error, given)
    if returns.startswith("Iterator"):
        return lambda self, *args, **kwargs: _iterate(self, getattr(self.part, name)(*args, **kwargs), call, error)
    return lambda self, *args, **kwargs: _answer(self, name, args, kwargs, call, error, given)


def _answer(
    self: _Watched,
    name: str,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    call: str,
    error: type[Exception],
    given: type | None,
) -> object:
    # A unit of work that is given an audit log knows its own kind by type, and calls it inside its own step.
    parts = [each.part if isinstance(each, _Watched) else each for each in args]
    answer = self.process.step(call, lambda: getattr(self.part, name)(*parts, **kwargs), error=error)
    return answer if given is None else watched(answer, given, self.process)


def _opens(method: Any) -> bool:
    return str(inspect.get_annotations(method)["return"]).startswith("AbstractContextManager")


def _port_in(member: Any) -> type | None:
    # The annotations are texts: most of what they name is imported for type checkers only.
    names = re.findall(r"\w+", str(inspect.get_annotations(member)["return"]))
    return next((PROTOCOLS[name] for name in names if name in PROTOCOLS), None)


def _getter(name: str, given: type | None, call: str, error: type[Exception]) -> Callable[[_Watched], object]:
    if given is not None:  # a door to another port, behind which the steps are
        return lambda self: watched(getattr(self.part, name), given, self.process)
    return lambda self: self.process.step(call, lambda: getattr(self.part, name), error=error)


def _enter(self: _Watched, call: str, error: type[Exception]) -> _Watched:
    self.block = block = Block(self.part.__exit__, ends_with_process=True)

    def do() -> None:
        self.part.__enter__()
        self.process.enter(block)

    self.process.step(call, do, error=error, block=block)
    return self


def _leave(self: _Watched, call: str, error: type[Exception], reason: BaseException | None) -> bool | None:
    block = self.block
    assert block is not None
    return self.process.step(call, lambda: block.end(reason), error=error, block=block)


def _iterate(self: _Watched, items: Iterator[T], call: str, error: type[Exception]) -> Iterator[T]:
    end = object()
    while (item := self.process.step(call, lambda: next(items, end), error=error)) is not end:
        yield cast("T", item)


@attrs.define(eq=False)
class _Opened:
    """What a method gives for a ``with`` block; opening is the step, and so is closing."""

    by: _Watched
    name: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    call: str
    error: type[Exception]
    given: type | None
    block: Block | None = None

    def __enter__(self) -> object:
        opened = getattr(self.by.part, self.name)(*self.args, **self.kwargs)
        # Only a storage has something left of a dead process.
        ends_with_process = not issubclass(self.error, StorageError)
        self.block = block = Block(opened.__exit__, ends_with_process=ends_with_process)

        def do() -> object:
            part = opened.__enter__()
            self.by.process.enter(block)
            return part

        part = self.by.process.step(self.call, do, error=self.error, block=block)
        return part if self.given is None else watched(part, self.given, self.by.process)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        block = self.block
        assert block is not None
        return self.by.process.step(f"{self.call}.{_EXIT}", lambda: block.end(exc), error=self.error, block=block)
