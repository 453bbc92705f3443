"""What README, documents and examples show passes the type checkers of a host, and the container has no Any."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import attrs
import pytest

from tests.e2e.documents import PAGES, ROOT, blocks
from tests.programs import VARIABLE
from ticket_export import TicketExportContainer

# Of a checker, in a process of its own.
_LIMIT: Final = 300
_EXAMPLES: Final = sorted(each for each in (ROOT / "examples").iterdir() if each.is_dir() and list(each.rglob("*.py")))
# What an example's modules import by their bare names: those next to them. Some examples are packages.
_ROOTS: Final = {each: [each / "src", each / "tests"] if (each / "src").is_dir() else [each] for each in _EXAMPLES}

#: What a host may get wrong; each line is refused.
_WRONG: Final = """
from sqlalchemy.ext.asyncio import create_async_engine
from ticket_export import Settings, TicketExportContainer
from ticket_export.catalog import text_column
from ticket_export.testing.memory import InMemoryClock, InMemoryStorage
from dependency_injector.providers import Factory
container = TicketExportContainer()
TicketExportContainer(strage=InMemoryStorage())
TicketExportContainer(storage=InMemoryClock())
TicketExportContainer(storage=InMemoryStorage)
TicketExportContainer(storage=Factory(InMemoryClock))
TicketExportContainer(settings={"retention_hours": 1})
TicketExportContainer(engine=create_async_engine("postgresql+asyncpg://host/desk"))
container.override_providers(strage=InMemoryStorage())
container.override_providers(storage=InMemoryClock())
container.storage.override(InMemoryClock())
container.storage.override(InMemoryStorage)
container.storage.override(Factory(InMemoryClock))
container.engine.override("sqlite:///desk.db")
container.strage.override(InMemoryStorage())
container.storage().open_writr("key", "text/csv")
container.request_export()(None, {})
text_column("title", "Title", "title")
"""
#: What a host may do; no line is refused.
_RIGHT: Final = """
from __future__ import annotations
from datetime import datetime
from dependency_injector.providers import Factory, Object, ThreadSafeSingleton
from sqlalchemy import ColumnElement, ForeignKey, JSON, func, join, literal
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, column_property, mapped_column
from sqlalchemy.orm import outerjoin as orm_outerjoin
from ticket_export import Settings, TicketExportContainer, create_engine
from ticket_export.catalog import EVERY_ROW, JoinedTags, TicketCatalog, date_column, number_column, text_column
from ticket_export.testing.memory import InMemoryDatabase, InMemoryStorage, InMemoryUnitOfWork


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    @hybrid_property
    def shown_name(self) -> str:
        return self.name + "!"

    @shown_name.inplace.expression
    @classmethod
    def _shown_name(cls) -> ColumnElement[str]:
        return cls.name + literal("!")


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column()
    tags: Mapped[list[str]] = mapped_column(JSON)
    opened_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    team_id: Mapped[int]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    length: Mapped[int] = column_property(func.length(title))


def catalog(tables: object) -> TicketCatalog:
    return TicketCatalog(
        tables=orm_outerjoin(Ticket, Person, Ticket.owner_id == Person.id),
        id=Ticket.id,
        created_at=Ticket.opened_at,
        is_deleted=Ticket.deleted_at.is_not(None),
        deleted_at=Ticket.deleted_at,
        columns=[
            number_column("id", "ID", Ticket.id),
            text_column("title", "Title", Ticket.title),
            text_column("lower", "Lower", func.lower(Ticket.title)),
            text_column("tags", "Tags", JoinedTags(Ticket.tags)),
            text_column("owner", "Owner", Person.shown_name),
            date_column("openedAt", "Opened", Ticket.opened_at),
            number_column("length", "Length", Ticket.length, visible_to=lambda actor: actor.is_admin),
        ],
        visible_to=lambda actor: Ticket.team_id.in_(actor.attributes["team_ids"]),
    )


columns = [text_column("title", "Title", Ticket.title)]
alias = aliased(Ticket)
TicketCatalog(tables=Ticket, id=Ticket.id, created_at=Ticket.opened_at, columns=columns, visible_to=EVERY_ROW)
TicketCatalog(tables=Ticket.__table__, id=Ticket.id, created_at=Ticket.opened_at, columns=columns)
TicketCatalog(tables=alias, id=alias.id, created_at=alias.opened_at, columns=columns)
TicketCatalog(tables=join(Ticket, Person), id=Ticket.id, created_at=Ticket.opened_at, columns=columns)
engine = create_engine("sqlite:///desk.db")
unit_of_work = Factory(InMemoryUnitOfWork, InMemoryDatabase())
container = TicketExportContainer(settings=Settings(retention_hours=1), catalog=catalog(None), engine=engine)
TicketExportContainer(
    settings=ThreadSafeSingleton(Settings, retention_hours=1),
    catalog=ThreadSafeSingleton(catalog, Ticket),
    engine=Object(engine),
    tickets_engine=Factory(create_engine, "sqlite:///tickets.db"),
    unit_of_work=unit_of_work,
    storage=Object(InMemoryStorage()),
)
container.unit_of_work.override(unit_of_work)
with container.storage.override(InMemoryStorage()), container.engine.override(Object(engine)):
    container.storage().delete("key")
with container.override_providers(storage=InMemoryStorage()):
    pass
"""


@attrs.frozen
class Finding:
    #: Of the file.
    name: str
    line: int
    text: str
    is_error: bool


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is checked, in files of its own."""
    folder = tmp_path_factory.mktemp("shown")
    for page in PAGES:
        for block in blocks(page):
            if block.marker == "python":
                name = re.sub(r"\W", "_", f"{page.relative_to(ROOT).with_suffix('')}_{block.line}")
                (folder / f"{name}.py").write_text(block.text, encoding="utf-8")
    (folder / "wrong.py").write_text(_WRONG, encoding="utf-8")
    (folder / "right.py").write_text(_RIGHT, encoding="utf-8")
    names = sorted(TicketExportContainer.providers)
    revealed = "".join(f"reveal_type(container.{name}())\n" for name in names)
    first = "from ticket_export import TicketExportContainer\ncontainer = TicketExportContainer()\n"
    (folder / "revealed.py").write_text(first + revealed, encoding="utf-8")
    return folder


def _run(*command: str | Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_LIMIT,
    )  # fmt: skip
    assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
    return ran.stdout


def _mypy(folder: Path) -> Iterator[Finding]:
    # With the settings of `make test`, whose results it uses again; that checks the examples too.
    for line in _run("mypy", "--config-file", "pyproject.toml", "--output", "json", folder).splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            is_error = found["severity"] == "error"
            yield Finding(Path(found["file"]).name, found["line"], found["message"], is_error)


def _pyright(folder: Path) -> Iterator[Finding]:
    if find_spec("pyright") is None:
        (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)("the package pyright is not installed")
    environments = [
        {"root": str(root), "extraPaths": [str(ROOT / "src"), str(ROOT / "examples"), *map(str, roots)]}
        for roots in _ROOTS.values()
        for root in roots
    ]
    config = {
        "include": [str(folder), *(str(root) for roots in _ROOTS.values() for root in roots)],
        "executionEnvironments": [
            *environments,
            {"root": str(folder), "extraPaths": [str(ROOT / "src"), str(ROOT / "examples" / "format_plugin" / "src")]},
        ],
        "pythonVersion": "3.11",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    told = _run("pyright", "--outputjson", "--pythonpath", sys.executable, "--project", folder)
    for found in json.loads(told)["generalDiagnostics"]:
        line = found["range"]["start"]["line"] + 1
        yield Finding(Path(found["file"]).name, line, found["message"], found["severity"] != "information")


@pytest.fixture(scope="module", params=[_mypy, _pyright], ids=["mypy", "pyright"])
def findings(request: pytest.FixtureRequest, folder: Path) -> list[Finding]:
    check: Callable[[Path], Iterator[Finding]] = request.param
    return list(check(folder))


def test_what_is_shown_has_no_error(findings: list[Finding]) -> None:
    assert [each for each in findings if each.is_error and each.name != "wrong.py"] == []


def test_what_the_container_provides_is_never_any(findings: list[Finding]) -> None:
    revealed = [each for each in findings if each.name == "revealed.py"]
    assert len(revealed) == len(TicketExportContainer.providers)
    assert [each for each in revealed if re.search(r"\b(Any|Unknown|object)\b", each.text)] == []
    types = " ".join(each.text for each in revealed)
    for name in ("TaskQueue", "RequestExport", "Engine", "UnitOfWork", "AuditLog", "ExportStorage", "TicketCatalog"):
        assert re.search(rf"\b{name}\b", types)


def test_what_a_host_gets_wrong_is_refused(findings: list[Finding]) -> None:
    refused = {each.line for each in findings if each.is_error and each.name == "wrong.py"}
    lines = list(enumerate(_WRONG.splitlines(), start=1))
    (begin,) = (number for number, line in lines if line.startswith("container ="))
    assert [line for number, line in lines if number > begin and number not in refused] == []
