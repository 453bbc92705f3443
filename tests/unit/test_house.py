"""House rules that the linters cannot hold; import-linter's are in pyproject.toml.

Each test lists all offenders at once.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from pathlib import Path

import pytest

import ticket_export
from tests.django.in_process import set_up_django

_PACKAGE = Path(ticket_export.__file__).parent
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
_MOST_MODULES = 20
_BINDINGS = ("fastapi", "flask", "django")


def environment_uses(source: str) -> list[str]:
    """Return where a source touches the process environment: ``os.environ``, or a name imported from os."""
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


def crowded(modules: list[Path]) -> dict[str, int]:
    """Return the folders that have more modules than a reader can keep in mind, not counting ``__init__.py``."""
    counted = Counter(str(path.parent) for path in modules if path.name != "__init__.py")
    return {folder: number for folder, number in counted.items() if number > _MOST_MODULES}


def test_no_module_but_settings_reads_the_environment() -> None:
    found = {str(path.relative_to(_PACKAGE)): environment_uses(path.read_text("utf-8")) for path in _MODULES}
    assert found.pop("settings.py", None) is not None
    assert {name: uses for name, uses in found.items() if uses} == {}


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


def test_no_package_has_more_than_20_modules() -> None:
    assert crowded([path.relative_to(_PACKAGE) for path in _MODULES]) == {}


def test_package_with_more_than_20_modules_is_noticed() -> None:
    assert crowded([Path("a", "__init__.py"), *(Path("a", f"{number}.py") for number in range(20))]) == {}
    assert crowded([Path("a", "b", f"{number}.py") for number in range(21)]) == {"a/b": 21}


def test_each_binding_of_a_web_framework_has_fewer_than_100_lines() -> None:
    paths = [_PACKAGE / "entrypoints" / "web" / f"{name}.py" for name in _BINDINGS]
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length >= 100} == {}


def test_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (_PACKAGE / "py.typed").exists()


def test_every_module_can_be_imported_and_says_what_it_is_for() -> None:
    names = [
        ".".join((_PACKAGE.name, *path.relative_to(_PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for path in _MODULES
        # Alembic runs the migrations, with a context that does not exist elsewhere.
        if "migrations" not in path.parts and path.name != "__main__.py"
    ]
    # The modules for hosts on Django need it.
    set_up_django()
    problems = {}
    for name in names:
        try:
            module = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - the assertion shows it
            problems[name] = repr(error)
        else:
            if not module.__doc__:
                problems[name] = "no docstring"
    assert problems == {}
