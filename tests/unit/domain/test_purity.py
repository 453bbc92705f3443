"""The domain imports attrs and the standard library, and nothing else of the package but its errors."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ticket_export.errors

ERRORS = Path(ticket_export.errors.__file__)
DOMAIN = sorted(ERRORS.with_name("domain").glob("**/*.py"))


def imported_modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield node.module or ""


def is_pure(module: str) -> bool:
    package = module.partition(".")[0]
    if package == "ticket_export":
        return module == "ticket_export.errors" or module.startswith("ticket_export.domain.")
    return package in sys.stdlib_module_names | {"attrs", "attr"}


def test_the_scan_sees_every_entity() -> None:
    assert {"export_job.py", "media_item.py", "background_task.py", "user.py"} <= {path.name for path in DOMAIN}


@pytest.mark.parametrize("path", [*DOMAIN, ERRORS], ids=lambda path: path.name)
def test_module_knows_only_attrs_and_the_standard_library(path: Path) -> None:
    assert [module for module in imported_modules(path.read_text()) if not is_pure(module)] == []


def test_errors_import_nothing_of_the_package() -> None:
    assert not [module for module in imported_modules(ERRORS.read_text()) if module.startswith("ticket_export")]


@pytest.mark.parametrize("module", ["pydantic", "sqlalchemy.orm", "ticket_export.application.actor", "ticket_export"])
def test_an_impure_import_would_be_found(module: str) -> None:
    assert [name for name in imported_modules(f"def late():\n    import {module}") if not is_pure(name)] == [module]
