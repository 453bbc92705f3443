"""Help that shows a flag as a flag, and is written whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup, TyperOption

from ticket_export.entrypoints.cli.output import standard_output

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter, Parameter


class PlainFlagsCommand(TyperCommand):
    """A command whose flags are shown without the type that typer gives them, as if they took a value."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments."""
        return _with_plain_flags(super().get_params(ctx))

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Print the help."""
        with standard_output():
            super().format_help(ctx, formatter)


class PlainFlagsGroup(TyperGroup):
    """The same for a command of commands."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments."""
        return _with_plain_flags(super().get_params(ctx))

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Print the help."""
        with standard_output():
            super().format_help(ctx, formatter)


def _with_plain_flags(parameters: list[Parameter]) -> list[Parameter]:
    for each in parameters:
        if isinstance(each, TyperOption) and each.is_flag:
            each.metavar = ""
    return parameters
