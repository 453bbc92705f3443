"""A host gives its parts to the container by name; what cannot work is refused, with its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import sqlalchemy
from dependency_injector.providers import Factory, Object, Provider, ThreadSafeSingleton
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ticket_export import (
    ConfigurationError,
    CsvFormat,
    ExportPolicy,
    HostTable,
    HostTableNames,
    NullExportEvents,
    Settings,
    TicketExportContainer,
    create_engine,
)
from ticket_export.container import Parts
from ticket_export.infrastructure.compression import NoCompression
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import build_help_desk_tables
from ticket_export.port_provider import PortProvider
from ticket_export.ports import FileFormats
from ticket_export.testing.memory import (
    InMemoryAuditLog,
    InMemoryClock,
    InMemoryDatabase,
    InMemoryStorage,
    InMemoryTaskQueue,
    InMemoryTicketSource,
    InMemoryUnitOfWork,
    InMemoryUserDirectory,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

MAKE: dict[str, Callable[[Path], Any]] = {
    "audit_log": lambda _: InMemoryAuditLog(),
    "catalog": lambda _: reference_catalog(build_help_desk_tables()),
    "clock": lambda _: InMemoryClock(NOW),
    "compression": lambda _: NoCompression(),
    "file_formats": lambda _: FileFormats(by_name={"csv": CsvFormat}),
    "former_storages": lambda _: (InMemoryStorage(),),
    "engine": lambda folder: create_engine(f"sqlite:///{folder}/jobs.db"),
    "events": lambda _: NullExportEvents(),
    "machine_clock": lambda _: InMemoryClock(NOW),
    "policy": lambda _: ExportPolicy(),
    "settings": lambda folder: Settings(retention_hours=5, storage_url=folder.as_uri()),
    "storage": lambda _: InMemoryStorage(),
    "table_names": lambda _: HostTableNames(media_items=HostTable("files")),
    "tables": lambda _: build_help_desk_tables(),
    "task_queue": lambda _: InMemoryTaskQueue(),
    "ticket_source": lambda _: InMemoryTicketSource(reference_catalog(build_help_desk_tables()).describe(), []),
    "tickets_engine": lambda folder: create_engine(f"sqlite:///{folder}/tickets.db"),
    "unit_of_work": lambda _: InMemoryUnitOfWork(InMemoryDatabase()),
    "user_directory": lambda _: InMemoryUserDirectory(InMemoryDatabase()),
}
AS_PROVIDER: list[Callable[[Any], Provider[Any]]] = [
    Object,
    lambda part: Factory(lambda: part),
    lambda part: ThreadSafeSingleton(lambda: part),
]


def checked_providers() -> dict[str, PortProvider[Any]]:
    providers = TicketExportContainer.providers
    return {name: each for name, each in providers.items() if isinstance(each, PortProvider)}


def container_with(name: str, part: Any) -> TicketExportContainer:
    return TicketExportContainer(**{name: part})


def dispose(part: object) -> None:
    if isinstance(part, sqlalchemy.Engine):
        part.dispose()


def test_every_part_can_be_given_by_its_name() -> None:
    # The queue of the workers is derived from the task queue.
    assert set(get_type_hints(Parts)) == checked_providers().keys() - {"workers_queue"} == set(MAKE)


@pytest.mark.parametrize("name", sorted(MAKE))
def test_object_that_is_given_is_the_one_that_is_used(name: str, tmp_path: Path) -> None:
    part = MAKE[name](tmp_path)
    container = container_with(name, part)
    assert container.providers[name]() is part
    dispose(part)


@pytest.mark.parametrize("name", sorted(MAKE))
@pytest.mark.parametrize("given", AS_PROVIDER, ids=["Object", "Factory", "ThreadSafeSingleton"])
def test_provider_that_is_given_makes_the_part(
    name: str, given: Callable[[Any], Provider[Any]], tmp_path: Path
) -> None:
    part = MAKE[name](tmp_path)
    container = container_with(name, given(part))
    assert container.providers[name]() is part
    parts: dict[str, Any] = {name: given(part)}
    other = TicketExportContainer()
    with other.override_providers(**parts):
        assert other.providers[name]() is part
    assert other.providers[name].last_overriding is None
    dispose(part)


def test_given_parts_work_together(tmp_path: Path) -> None:
    catalog = reference_catalog(build_help_desk_tables())
    container = TicketExportContainer(
        settings=Settings(database_url=f"sqlite:///{tmp_path}/jobs.db", retention_hours=2), catalog=catalog
    )
    assert container.request_export().retention.total_seconds() == 2 * 3600
    assert container.ticket_source().columns is not None
    assert container.catalog() is catalog
    container.engine().dispose()


@pytest.mark.parametrize("name", sorted(MAKE))
def test_class_is_not_taken_for_an_object(name: str, tmp_path: Path) -> None:
    part = MAKE[name](tmp_path)
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: the class {type(part).__name__} "):
        container_with(name, type(part))
    dispose(part)


@pytest.mark.parametrize("name", sorted(set(MAKE) - {"policy"}))
@pytest.mark.parametrize("wrong", [None, 7, object(), lambda: None, []])
def test_what_cannot_do_the_work_of_the_part_is_refused_by_name(name: str, wrong: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: "):
        container_with(name, wrong)
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: "):
        TicketExportContainer().providers[name].override(wrong)
    late = container_with(name, Factory(lambda: wrong))
    with pytest.raises(ConfigurationError, match=rf"^container\.{name}: "):
        late.providers[name]()


@pytest.mark.parametrize(
    ("name", "advice"),
    [("strage", "did you mean storage?"), ("Catalog", "did you mean catalog?"), ("xyzzy", "known are announcements, ")],
)
def test_unknown_name_is_refused_with_the_most_similar_one(name: str, advice: str) -> None:
    unknown: dict[str, Any] = {name: InMemoryStorage()}
    refused = rf"^'{name}' is not a provider of the container; {advice}".replace("?", r"\?")
    with pytest.raises(ConfigurationError, match=refused):
        TicketExportContainer(**unknown)
    container = TicketExportContainer()
    with pytest.raises(ConfigurationError, match=refused):
        container.override_providers(**unknown)
    with pytest.raises(ConfigurationError, match=refused):
        TicketExportContainer.override_providers(**unknown)
    with pytest.raises(AttributeError, match=refused):
        getattr(container, name)


def test_every_unknown_name_is_in_one_error_and_nothing_is_overridden() -> None:
    container = TicketExportContainer()
    parts: dict[str, Any] = {"storage": InMemoryStorage(), "strage": 1, "clok": 2}
    with pytest.raises(ConfigurationError, match=r"'strage'.*; 'clok'"):
        container.override_providers(**parts)
    assert container.storage.last_overriding is None


def test_provider_is_overridden_and_never_replaced() -> None:
    container = TicketExportContainer()
    for replace in (
        lambda: setattr(container, "storage", Object(InMemoryStorage())),
        lambda: setattr(container, "storage", InMemoryStorage()),
        lambda: container.set_providers(storage=Object(InMemoryStorage())),
        lambda: type("Mine", (TicketExportContainer,), {"storage": Object(InMemoryStorage())}),
    ):
        with pytest.raises(ConfigurationError, match=r"container\.storage cannot be replaced.*storage\.override"):
            replace()


def test_host_adds_providers_of_its_own() -> None:
    class HostContainer(TicketExportContainer):
        mailer = Factory(str)

    parts: dict[str, Any] = {"mailer": Object(7)}
    assert HostContainer(**parts).providers["mailer"]() == 7
    container = HostContainer()
    container.set_providers(printer=Object(8))
    assert container.providers["printer"]() == 8


def test_container_that_is_made_reads_no_setting_and_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TICKET_EXPORT_RETENTION_HOURS", "many")
    container = TicketExportContainer(catalog=MAKE["catalog"](tmp_path))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigurationError, match="RETENTION_HOURS"):
        container.request_export()


def test_tickets_are_read_on_the_engine_of_the_jobs_unless_they_have_their_own(tmp_path: Path) -> None:
    jobs, tickets = f"sqlite:///{tmp_path}/jobs.db", f"sqlite:///{tmp_path}/tickets.db"
    container = TicketExportContainer(settings=Settings(database_url=jobs))
    assert container.tickets_engine() is container.engine()
    container.engine().dispose()
    container = TicketExportContainer(settings=Settings(database_url=jobs, tickets_database_url=tickets))
    assert str(container.tickets_engine().url) == tickets
    assert str(container.engine().url) == jobs
    assert container.tickets_engine() is container.tickets_engine()
    container.engine().dispose()
    container.tickets_engine().dispose()
    own = create_engine(f"sqlite:///{tmp_path}/own.db")
    container = TicketExportContainer(engine=own)
    assert container.tickets_engine() is own
    own.dispose()


@pytest.mark.parametrize("part", ["engine", "tickets_engine"])
@pytest.mark.parametrize("of", [lambda engine: engine, lambda engine: engine.sync_engine], ids=["async", "sync_engine"])
def test_asynchronous_engine_is_refused_with_what_to_do(part: str, of: Callable[[AsyncEngine], object]) -> None:
    engine = create_async_engine("postgresql+asyncpg://user@host/desk")
    expected = (
        rf"^container\.{part}: (Async)?Engine cannot be used as Engine; "
        r"the library works synchronously, and asyncpg is asynchronous; "
        r"give it an engine of its own for the same database: ticket_export\.create_engine"
        r"\('postgresql://…'\)$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        container_with(part, of(engine))
    with pytest.raises(ConfigurationError, match=expected):
        container_with(part, Factory(lambda: of(engine))).providers[part]()


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("postgresql+asyncpg://u:hunter2@host/desk", "postgresql://…, which uses psycopg 3, for the same database"),
        ("postgresql+psycopg2://u:hunter2@host/desk", "postgresql://…, which uses psycopg 3, for the same database"),
        ("sqlite+aiosqlite:///desk.db", "sqlite:///… for the same database"),
        ("mysql://u:hunter2@host/desk", "use sqlite:///… or postgresql://…"),
    ],
)
def test_url_of_another_driver_is_refused_with_what_to_use(url: str, advice: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        create_engine(url)
    assert advice in str(refused.value)
    assert "hunter2" not in str(refused.value)
