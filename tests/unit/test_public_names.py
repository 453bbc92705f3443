"""The public modules export what docs/reference/public-names.md lists, and load only what is used."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

import ticket_export

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "public-names.md"
_HEADING = re.compile(r"^## `(?P<module>[\w.]+)`$|^\| `(?P<name>\w+)` \| [^|]+\. \|$", re.MULTILINE)


def documented_names() -> dict[str, list[str]]:
    """The names of the page's tables, by module."""
    module = ""
    names: list[tuple[str, str]] = []
    for line in _HEADING.finditer(_PAGE.read_text(encoding="utf-8")):
        module = line["module"] or module
        if line["name"]:
            names.append((module, line["name"]))
    return {module: [name for _, name in rows] for module, rows in groupby(names, key=lambda row: row[0])}


DOCUMENTED = documented_names()


def loaded_by(program: str, *names: str) -> set[str]:
    """Those of the modules `names` that `program` loads in a new process."""
    program += f"\nimport sys\nprint(*(set({names!r}) & set(sys.modules)), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    return set(ran.stderr.split())


def test_the_page_lists_every_public_module() -> None:
    assert set(DOCUMENTED) == {
        "ticket_export",
        "ticket_export.catalog",
        "ticket_export.celery",
        "ticket_export.django",
        "ticket_export.errors",
        "ticket_export.ports",
        "ticket_export.storage",
        "ticket_export.testing",
        "ticket_export.testing.django",
        "ticket_export.testing.memory",
        "ticket_export.web.django",
        "ticket_export.web.fastapi",
        "ticket_export.web.flask",
    }


@pytest.mark.parametrize("module", DOCUMENTED)
def test_a_public_module_exports_the_names_of_its_table(module: str) -> None:
    imported = importlib.import_module(module)
    assert imported.__all__ == DOCUMENTED[module]
    assert all(hasattr(imported, name) for name in imported.__all__)


def test_the_top_level_has_at_most_60_names() -> None:
    assert len(ticket_export.__all__) <= 60


def test_the_top_level_lists_its_names_and_refuses_others() -> None:
    assert set(dir(ticket_export)) == set(ticket_export.__all__)
    with pytest.raises(AttributeError, match="module 'ticket_export' has no attribute 'TicketCatalog'"):
        ticket_export.TicketCatalog  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_alone_loads_no_dependency() -> None:
    dependencies = ("attrs", "dependency_injector", "pydantic", "rich", "sqlalchemy", "typer")
    assert loaded_by("import ticket_export", *dependencies) == set()
    assert loaded_by("from ticket_export import TicketExportError, SystemPermissions", *dependencies) == set()


def test_requesting_an_export_loads_neither_typer_nor_rich(tmp_path: Path) -> None:
    program = f"""
import uuid, datetime
from ticket_export import Actor, Settings, SystemPermissions, TicketExportContainer, load_sample_data, upgrade
container = TicketExportContainer(settings=Settings(database_url="sqlite:///{tmp_path}/desk.db"))
upgrade(container.engine(), reference_schema=True)
now = datetime.datetime.now(datetime.UTC)
load_sample_data(container.engine(), container.tables(), tickets=1, seed=1, now=now)
admin = container.user_directory().find_by_email("admin@example.test")
assert container.request_export()(admin, {{"columns": ["id"]}}).status == "queued"
"""
    assert loaded_by(program, "rich", "typer", "sqlalchemy") == {"sqlalchemy"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_no_library_of_the_export(option: str) -> None:
    program = f"from ticket_export.entrypoints.cli.main import main\nmain([{option!r}])"
    assert loaded_by(program, "attrs", "dependency_injector", "pydantic", "sqlalchemy") == set()
