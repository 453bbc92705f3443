"""How a payload is read: every key has three spellings, unknown keys are refused, all problems are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Final

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel, to_pascal
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from ticket_export.application.safe_text import quoted
from ticket_export.application.view.limits import MAX_KEYS

Location = tuple[int | str, ...]

# Characters; longer than every known key.
_LONGEST_KEY: Final = 60

# pydantic's error types, in words for the author of the JSON.
_MESSAGES = {
    "missing": "is required",
    "invalid_key": "a key must be text, not {given}",
    "model_type": "must be an object with keys, not {given}",
    "tuple_type": "must be a list, not {given}",
    "string_type": "must be text, not {given}",
    "string_unicode": "must be text, not {given}",
}


class PayloadModel(BaseModel):
    """Frozen; written in camelCase; read in camelCase, PascalCase and snake_case."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(to_camel(name), to_pascal(name), name),
            serialization_alias=to_camel,
        ),
        validate_by_name=True,
        serialize_by_alias=True,
        # A model inside a mapping was perhaps never checked against the columns.
        revalidate_instances="always",
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_can_be_named(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        if len(data) > MAX_KEYS:
            raise ValueError(f"holds {len(data):,} keys; the keys here are {', '.join(cls.keys())}")
        return {_printable(key): value for key, value in data.items()}

    @classmethod
    def keys(cls) -> list[str]:
        """Return the model's keys, in camelCase."""
        return [to_camel(name) for name in cls.model_fields]


def _printable(key: object) -> object:
    if isinstance(key, str):
        # pydantic cannot name a key with a lone surrogate. An escaped or cut key is still unknown.
        return key[:_LONGEST_KEY].encode("utf-8", "backslashreplace").decode()
    # pydantic would show everything that a key of another type holds.
    return key if isinstance(key, (int, float, bytes, NoneType)) else f"<{type(key).__name__}>"


def raise_problems(problems: Iterable[tuple[Location, ValueError]]) -> None:
    """From inside a validator, report all problems, each at its place below the validated field."""
    details = [
        InitErrorDetails(
            type=error if isinstance(error, PydanticCustomError) else problem(str(error)), loc=location, input=None
        )
        for location, error in problems
    ]
    if details:
        raise ValidationError.from_exception_data("payload", details)


def problem(message: str | Callable[[], str]) -> PydanticCustomError:
    """Return an error for a validator to raise whose message takes time; it is written only if it is shown.

    For any other message, raise a ``ValueError``.
    """
    # As a parameter, because pydantic would read a "{" that a user typed as part of a template.
    return PydanticCustomError("view", "{message}", {"message": message})


def message_of(error: ErrorDetails) -> str:
    """Return the message for a user of one of pydantic's errors."""
    if error["type"] == "view":
        message = error["ctx"]["message"]
        return str(message() if callable(message) else message)
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    template = _MESSAGES.get(error["type"], "{message}, not {given}")
    # pydantic's own texts may quote user input with its line breaks.
    text = quoted(error["msg"])[1:-1]
    return template.format(given=shown(error["input"]), message=text, **error.get("ctx", {}))


def shown(given: object) -> str:
    """Return what a message shows of a value of a wrong type."""
    return quoted(given) if isinstance(given, str) else type(given).__name__
