"""Ports are inherited: an adapter names its port, and Python refuses one that lacks a method."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

import ticket_export.application.formats
import ticket_export.application.ports
import ticket_export.infrastructure
import ticket_export.testing
from tests.django.in_process import set_up_django
from ticket_export.ports import ObjectWriter, TaskQueue, UserDirectory

# The modules for hosts on Django need it.
set_up_django()


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # Alembic runs these, and an import does not.
        if ".migrations" not in module.name:
            yield importlib.import_module(module.name)


def _classes(*packages: ModuleType) -> list[type]:
    found = [each for package in packages for module in _modules(package) for each in _defined_in(module)]
    return sorted(set(found), key=lambda each: (each.__module__, each.__qualname__))


def _defined_in(module: ModuleType) -> Iterator[type]:
    return (each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__)


def _is_protocol(some: type) -> bool:
    return getattr(some, "_is_protocol", False)


#: The methods that an adapter may leave out, with a sentence as the error of the command that needs them.
OPTIONAL: dict[type, set[str]] = {UserDirectory: {"find_by_email"}}
PORTS = [each for each in _classes(ticket_export.application.ports) if _is_protocol(each)]
CLASSES = _classes(ticket_export.application.formats, ticket_export.infrastructure, ticket_export.testing)


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_every_method_of_a_port_is_abstract(port: Any) -> None:
    methods = {name for name, value in vars(port).items() if isinstance(value, (FunctionType, property, classmethod))}
    methods -= {"__init__", "__subclasshook__", "_no_init_or_replace_init"}
    assert methods - OPTIONAL.get(port, set()) == port.__abstractmethods__ != set()


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_every_adapter_names_its_port(port: Any) -> None:
    adapters = [each for each in CLASSES if port in each.__mro__]
    assert adapters, f"no class inherits {port.__name__}"
    nameless = [each for each in CLASSES if each not in adapters and _looks_like(each, port)]
    # Every stream can write, and not every one takes an object of the storage.
    assert nameless == [] or port is ObjectWriter


def _looks_like(some: type, port: Any) -> bool:
    if _is_protocol(some):
        return False
    # A waiting room of one process, or the notifications of a database, are no queues.
    if any(base.__name__.startswith("Supports") for base in port.__mro__) and not set(PORTS) & set(some.__mro__):
        return False
    return all(_same_method(getattr(some, name, None), getattr(port, name)) for name in port.__abstractmethods__)


def _same_method(one: Any, other: Any) -> bool:
    if not inspect.isfunction(other):
        return one is not None
    return inspect.isfunction(one) and [*inspect.signature(one).parameters] == [*inspect.signature(other).parameters]


def test_every_public_method_has_a_docstring_of_its_own_or_its_ports() -> None:
    undocumented = [
        f"{some.__module__}.{some.__qualname__}.{name}"
        for some in CLASSES
        if some.__module__.startswith("ticket_export.infrastructure") and not some.__name__.startswith("_")
        for name, value in vars(some).items()
        if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
        if not inspect.getdoc(getattr(some, name))
    ]
    assert undocumented == []


def test_incomplete_adapter_cannot_be_made() -> None:
    class Deaf(TaskQueue):
        pass

    with pytest.raises(TypeError, match="dispatch"):
        Deaf()  # type: ignore[abstract]
