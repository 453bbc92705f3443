"""The rules of a host: which rows and which columns an actor may see.

A rule that cannot be evaluated ends the request or the run; it never shows more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from ticket_export.application.actor import Actor, MissingAttributeError
from ticket_export.application.view.ticket_column import TicketColumn, TicketColumns
from ticket_export.errors import ConfigurationError

T = TypeVar("T")


class EveryRow(Enum):
    """The type of `EVERY_ROW`."""

    EVERY_ROW = "every row"


#: The result of a row rule that hides nothing from the actor. As the rule itself, it says that every user may see every
#: row.
EVERY_ROW: Final = EveryRow.EVERY_ROW

#: Whether an actor may see a column.
ColumnRule: TypeAlias = Callable[[Actor], bool]


def require_rule(name: str, rule: object, *others: object) -> None:
    """Refuse a rule that is neither a function nor one of `others`.

    Raises:
        ConfigurationError: the message begins with `name`.
    """
    if not callable(rule) and not any(rule is other for other in others):
        allowed = " or ".join(["a function of the actor", *(each.name for each in others if isinstance(each, Enum))])
        raise ConfigurationError(f"{name}: visible_to must be {allowed}, not {type(rule).__name__}")


def asked(name: str, rule: Callable[[], T]) -> T:
    """Return the result of a rule.

    Raises:
        ConfigurationError: the rule raised this error itself, or another one, which is the cause. The message has only
            the type of the other one, since its text may hold data, or the name of the attribute that the actor lacks.
    """
    try:
        return rule()
    except MissingAttributeError as error:
        raise ConfigurationError(
            f"{name} needs the attribute {error.args[0]!r}, which this actor lacks; set it in Actor.attributes, "
            "also where the user directory makes an actor"
        ) from error
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"{name} raised {type(error).__name__}") from error


def asked_bool(name: str, rule: Callable[[], bool]) -> bool:
    """Return the result of a rule that answers with True or False.

    Raises:
        ConfigurationError: the rule raised an error, or returned anything else.
    """
    is_visible = asked(name, rule)
    # Another object may be true by accident, as every SQL condition and every coroutine is.
    if type(is_visible) is not bool:
        raise ConfigurationError(f"{name} returned {type(is_visible).__name__}; return True or False")
    return is_visible


def visible_columns(
    columns: Iterable[tuple[TicketColumn, ColumnRule | None]], actor: Actor, *, sees_every_row: bool
) -> TicketColumns:
    """Return the columns that the actor may see, each given with its rule; a column without a rule is for everybody.

    Raises:
        ConfigurationError: a rule raised an error, or returned anything but True or False.
    """
    every = list(columns)
    visible = [column for column, rule in every if rule is None or _shows(rule, column, actor)]
    return TicketColumns(visible, is_complete=sees_every_row and len(visible) == len(every))


def _shows(rule: ColumnRule, column: TicketColumn, actor: Actor) -> bool:
    return asked_bool(f"the rule (visible_to) of the column {column.name!r}", lambda: rule(actor))
