"""The choices of a column: the stored values in workflow order, and the labels that users see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from ticket_export.application.safe_text import quoted, require_storable

#: The most choices of a column.
MAX_CHOICES: Final = 1_000


@attrs.frozen
class Choice:
    """A stored value, and the label that stands for it in files, filters and searches."""

    value: str
    label: str


def choices_of(given: Iterable[str | Choice]) -> tuple[Choice, ...]:
    """Return choices from texts, which are their own labels, or from a mapping of values to labels.

    Raises:
        ValueError: a value or label is not a text, is empty or cannot be stored; two choices have the same value or
            the same label; the label of one is the value of another, in any letter case; or there are too many.
    """
    if isinstance(given, str):
        raise ValueError(f"choices are several texts, not the text {quoted(given)}")
    if isinstance(given, Mapping):
        choices = tuple(Choice(value, label) for value, label in given.items())
    else:
        choices = tuple(each if isinstance(each, Choice) else Choice(each, each) for each in given)
    if len(choices) > MAX_CHOICES:
        raise ValueError(f"there are {len(choices):,} choices; at most {MAX_CHOICES:,} are allowed")
    for choice in choices:
        _require_text("choice", choice.value)
        _require_text(f"label of the choice {quoted(choice.value)}", choice.label)
    _require_clear(choices)
    return choices


def choices_by_spelling(choices: Iterable[Choice]) -> dict[str, str]:
    """Return the value that each spelling in a filter means: a value or a label, as it is or in lower case."""
    every = list(choices)[::-1]
    # The later ones win, and among equals the first choice.
    spellings = {choice.label.lower(): choice.value for choice in every}
    spellings.update((choice.value.lower(), choice.value) for choice in every)
    spellings.update((choice.label, choice.value) for choice in every)
    spellings.update((choice.value, choice.value) for choice in every)
    return spellings


def _require_text(what: str, text: object) -> None:
    if not isinstance(text, str):
        told = f"; write it as a text, '{text}'" if type(text) is int else ""
        raise ValueError(f"the {what} is {type(text).__name__}, not a text{told}")
    if not text.strip():
        raise ValueError(f"the {what} is empty")
    try:
        require_storable(text)
    except ValueError as error:
        raise ValueError(f"the {what} {error}") from None


def _require_clear(choices: Iterable[Choice]) -> None:
    values: dict[str, Choice] = {}
    for choice in choices:
        if choice.value in values:
            raise ValueError(f"two choices have the value {quoted(choice.value)}")
        values[choice.value] = choice
    lowered = {value.lower(): choice for value, choice in values.items()}
    labels: dict[str, Choice] = {}
    for choice in values.values():
        if choice.label == choice.value:
            # Values may differ in their letter case alone.
            continue
        label = choice.label.lower()
        other = labels.setdefault(label, choice)
        if other is not choice:
            raise ValueError(f"the choices {quoted(other.value)} and {quoted(choice.value)} have the same label")
        meant = values.get(choice.label) or lowered.get(label, choice)
        is_other = meant.value == choice.label or meant.value.lower() != choice.value.lower()
        if meant is not choice and is_other:
            raise ValueError(
                f"the label of the choice {quoted(choice.value)} is the value of another one, {quoted(meant.value)}"
            )
