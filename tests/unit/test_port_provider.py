"""A container refuses an adapter that lacks a method of its port, with an error that says which one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from dependency_injector import providers
from dependency_injector.providers import Factory, Object, Provider, Singleton, ThreadSafeSingleton

from tests.unit.test_ports import PORTS
from ticket_export import ConfigurationError, ExportPolicy, Settings, TicketExportContainer
from ticket_export.infrastructure.memory.database import InMemoryDatabase
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.memory.unit_of_work import InMemoryUnitOfWork
from ticket_export.port_provider import PartProvider, PortProvider
from ticket_export.ports import (
    AuditLog,
    Clock,
    Compression,
    ExportEvents,
    ExportStorage,
    SupportsCheck,
    TaskQueue,
    TicketSource,
    UnitOfWork,
    UserDirectory,
)

METHODS: dict[str, tuple[type, set[str]]] = {
    "audit_log": (AuditLog, {"record"}),
    "clock": (Clock, {"now"}),
    "compression": (Compression, {"content_type", "start", "suffix"}),
    "events": (ExportEvents, {"completed", "expired", "failed"}),
    "machine_clock": (Clock, {"now"}),
    "policy": (ExportPolicy, {name for name in dir(ExportPolicy) if not name.startswith("_")}),
    "storage": (ExportStorage, {"delete", "list", "open_reader", "open_writer", "place", "provider"}),
    "task_queue": (TaskQueue, {"dispatch"}),
    "ticket_source": (TicketSource, {"columns", "open"}),
    "unit_of_work": (
        UnitOfWork,
        {"__enter__", "__exit__", "after_commit", "audit", "commit", "database", "jobs", "media_items", "tasks"},
    ),
    "workers_queue": (TaskQueue, {"dispatch"}),
    "user_directory": (UserDirectory, {"find", "find_by_email"}),
}
EACH_METHOD = [(name, method) for name, (_, methods) in METHODS.items() for method in sorted(methods)]


@pytest.fixture
def container(tmp_path: Path) -> TicketExportContainer:
    container = TicketExportContainer()
    container.settings.override(Settings(database_url=f"sqlite:///{tmp_path}/desk.db", storage_url=tmp_path.as_uri()))
    return container


@pytest.fixture
def on_the_class() -> Iterator[type[TicketExportContainer]]:
    yield TicketExportContainer
    for name in METHODS:
        TicketExportContainer.providers[name].reset_override()


def adapter(methods: set[str]) -> type:
    return type("MyAdapter", (), dict.fromkeys(methods, lambda *_: None))


def test_every_port_of_the_container_is_checked(container: TicketExportContainer) -> None:
    parts = {name for name, provider in container.providers.items() if isinstance(provider, PartProvider)}
    checked = {name for name, provider in container.providers.items() if isinstance(provider, PortProvider)} - parts
    assert checked == METHODS.keys()
    for name in container.providers.keys() - checked:
        provided = container.providers[name]()
        # A part without a port may check itself.
        assert not (set(PORTS) - {SupportsCheck}) & set(type(provided).__mro__), f"{name} must be a PortProvider"
        container.engine().dispose()


@pytest.mark.parametrize(("name", "method"), EACH_METHOD)
@pytest.mark.parametrize("given", [lambda part: part, Object], ids=["object", "Object"])
def test_object_that_lacks_a_method_is_refused_when_it_overrides(
    container: TicketExportContainer, name: str, method: str, given: Callable[[object], object]
) -> None:
    port, methods = METHODS[name]
    provider = container.providers[name]
    with pytest.raises(ConfigurationError) as refused, provider.override(given(adapter(methods - {method})())):
        pytest.fail("it was accepted")
    assert str(refused.value) == (
        f"container.{name}: MyAdapter cannot be used as {port.__name__}, because it does not define {method}; "
        "add what is missing, or inherit from a complete adapter"
    )
    assert provider.last_overriding is None


@pytest.mark.parametrize(("name", "method"), EACH_METHOD)
@pytest.mark.parametrize("made", [Factory, Singleton, ThreadSafeSingleton, providers.Callable])
def test_object_that_a_provider_makes_is_refused_when_it_is_made(
    container: TicketExportContainer, name: str, method: str, made: Callable[[type], Provider[object]]
) -> None:
    _, methods = METHODS[name]
    with container.providers[name].override(made(adapter(methods - {method}))):
        with pytest.raises(ConfigurationError, match=rf"^container\.{name}: .* does not define {method};"):
            container.providers[name]()
        with pytest.raises(ConfigurationError, match=rf"^container\.{name}: .* does not define {method};"):
            container.providers[name].provider()()


@pytest.mark.parametrize(("name", "method"), EACH_METHOD)
def test_override_on_the_class_is_checked_too(
    on_the_class: type[TicketExportContainer], name: str, method: str
) -> None:
    port, methods = METHODS[name]
    half = adapter(methods - {method})
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: .* {port.__name__}, .* define {method};"):
        on_the_class.providers[name].override(half())
    on_the_class.providers[name].override(Factory(half))
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: .* {port.__name__}, .* define {method};"):
        on_the_class().providers[name]()


GIVEN: list[Callable[[type], object]] = [lambda some: some(), lambda some: Object(some()), Factory, Singleton]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("given", GIVEN, ids=["object", "Object", "Factory", "Singleton"])
def test_object_that_has_every_method_fills_the_port(
    container: TicketExportContainer, name: str, given: Callable[[type], object]
) -> None:
    some = adapter(METHODS[name][1])
    provider = container.providers[name]
    with provider.override(given(some)):
        assert type(provider()) is some
        assert type(provider.provider()()) is some
    assert provider.last_overriding is None


def test_class_that_inherits_its_port_and_lacks_a_method_is_refused_before_it_is_made(
    container: TicketExportContainer,
) -> None:
    class Deaf(TaskQueue):
        pass

    with pytest.raises(ConfigurationError, match=r"^container\.task_queue: Deaf .* does not define dispatch;"):
        container.task_queue.override(Factory(Deaf))


def test_every_missing_method_is_named(container: TicketExportContainer) -> None:
    with pytest.raises(
        ConfigurationError, match="does not define delete, list, open_reader, open_writer, place, provider;"
    ):
        container.storage.override(None)  # type: ignore[arg-type]


def test_use_case_cannot_be_built_on_what_lacks_a_method(container: TicketExportContainer) -> None:
    container.user_directory.override(Factory(object))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"^container\.user_directory: object "):
        container.run_export()


def test_methods_may_be_those_of_the_object_alone(container: TicketExportContainer) -> None:
    clock = type("Part", (), {})()
    clock.now = lambda: None
    for each in (clock, MagicMock()):
        with container.clock.override(each):
            assert container.clock() is each


def test_properties_are_not_read(container: TicketExportContainer) -> None:
    class Closed(InMemoryUnitOfWork):
        @property
        def jobs(self) -> None:  # type: ignore[override]
            raise AssertionError("read outside of the block")

    container.unit_of_work.override(Factory(Closed, InMemoryDatabase()))
    assert isinstance(container.unit_of_work(), Closed)


def test_override_on_an_instance_is_for_that_instance_and_on_the_class_for_later_ones(
    container: TicketExportContainer, on_the_class: type[TicketExportContainer]
) -> None:
    mine, theirs = InMemoryStorage(), InMemoryStorage()
    container.storage.override(mine)
    assert container.run_export().storage is mine
    on_the_class.storage.override(theirs)
    assert on_the_class().run_export().storage is theirs
    assert container.run_export().storage is mine


def test_singletons_behind_a_port_are_reset_with_the_others(container: TicketExportContainer) -> None:
    before = container.storage()
    assert container.storage() is before
    container.reset_singletons()
    assert container.storage() is not before
