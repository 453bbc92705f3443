"""Help that shows a flag as a flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from typer._click import Context, Parameter


class PlainFlagsCommand(TyperCommand):
    """A command whose flags are shown without the type that typer gives them, as if they took a value."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments."""
        return _with_plain_flags(super().get_params(ctx))


class PlainFlagsGroup(TyperGroup):
    """The same for a command of commands."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options and arguments."""
        return _with_plain_flags(super().get_params(ctx))


def _with_plain_flags(parameters: list[Parameter]) -> list[Parameter]:
    for each in parameters:
        if isinstance(each, TyperOption) and each.is_flag:
            each.metavar = ""
    return parameters
