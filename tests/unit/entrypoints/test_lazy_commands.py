from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from ticket_export.entrypoints.cli import commands
from ticket_export.entrypoints.cli.main import COMMANDS


def test_every_module_of_the_package_is_a_command() -> None:
    modules = {path.stem for path in Path(str(commands.__file__)).parent.glob("[a-z]*.py")}
    assert modules == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_list_is_the_first_paragraph_of_the_commands_own_help(name: str) -> None:
    module = name.replace("-", "_")
    documented = inspect.getdoc(getattr(import_module(f"{commands.__name__}.{module}"), module)) or ""
    assert " ".join(documented.split("\n\n")[0].split()) == COMMANDS[name]
