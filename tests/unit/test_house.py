"""House rules that the linters cannot hold; import-linter's are in pyproject.toml."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import ticket_export

_PACKAGE = Path(ticket_export.__file__).parent
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def environment_uses(source: str) -> list[str]:
    """Where a module's source touches the process environment: ``os.environ``, or a name imported from os."""
    uses = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in _ENVIRONMENT:
                uses.append(f"line {node.lineno}: os.{name}")
            case ast.ImportFrom(module="os", names=names):
                uses += [
                    f"line {node.lineno}: from os import {each.name}" for each in names if each.name in _ENVIRONMENT
                ]
            case ast.Import(names=names):
                # Under another name, os.environ would not be seen.
                uses += [
                    f"line {node.lineno}: import os as {each.asname}"
                    for each in names
                    if each.name == "os" and each.asname
                ]
    return uses


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: str(path.relative_to(_PACKAGE)))
def test_no_module_but_settings_reads_the_environment(path: Path) -> None:
    if path != _PACKAGE / "settings.py":
        assert environment_uses(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\ndef f():\n    return os.getenv('A')",
        "from os import environ",
        "from os import path, getenv as read",
        "import os as operating_system",
    ],
)
def test_reading_the_environment_is_noticed(source: str) -> None:
    assert len(environment_uses(source)) == 1


def test_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (_PACKAGE / "py.typed").exists()


def _importable() -> list[str]:
    # Alembic runs these, with a context that does not exist elsewhere.
    return [
        ".".join((_PACKAGE.name, *path.relative_to(_PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for path in _MODULES
        if "migrations" not in path.parts and path.name != "__main__.py"
    ]


@pytest.mark.parametrize("module", _importable())
def test_every_module_can_be_imported_by_itself(module: str) -> None:
    assert importlib.import_module(module).__doc__, "a module says what it is for"
