"""Commands that typer knows by name and summary, and loads when they run."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from ticket_export.entrypoints.cli.output.standard_streams import standard_output

# typer exports no type for the context, the formatter and the parameters that it passes here, hence Any.


class LazyGroup(TyperGroup):
    """A command of commands, each of which is a module of the package `commands`.

    The group's help needs names and summaries only. A command, and all that it imports, such as SQLAlchemy, is loaded
    when it runs or shows its own help.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, TyperCommand, list[str]]:
        """Load the command that `args` begin with."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, _loaded(str(name)), rest

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options."""
        return _with_plain_flags(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        with standard_output():
            super().format_help(ctx, formatter)


class _Command(TyperCommand):
    """A command of the group."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments."""
        return _with_plain_flags(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        with standard_output():
            super().format_help(ctx, formatter)


def _loaded(name: str) -> TyperCommand:
    module = name.replace("-", "_")
    app = typer.Typer(add_completion=False)
    app.command(name, cls=_Command)(getattr(import_module(f"ticket_export.entrypoints.cli.commands.{module}"), module))
    return cast("TyperCommand", typer.main.get_command(app))


def _with_plain_flags(parameters: list[Any]) -> list[Any]:
    # typer shows a type after each flag, as if the flag took a value.
    for each in parameters:
        if isinstance(each, TyperOption) and each.is_flag:
            each.metavar = ""
    return parameters
