"""How payloads are read: three spellings of every key, nothing unknown, all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Final

import attrs
from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel, to_pascal
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from ticket_export.application.safe_text import quoted
from ticket_export.application.view.limits import MAX_KEYS

Location = tuple[int | str, ...]

# Characters; longer than every key that there is.
_LONGEST_KEY: Final = 60

# pydantic's types of error, in the words of whoever wrote the JSON.
_MESSAGES = {
    "missing": "is required",
    "invalid_key": "a key must be text, not {given}",
    "model_type": "must be an object with keys, not {given}",
    "tuple_type": "must be a list, not {given}",
    "too_long": "may hold at most {max_length}, not {actual_length}",
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
            raise problem(f"holds {len(data):,} keys; the keys here are {', '.join(cls.keys())}")
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


def raise_problems(problems: Iterable[tuple[Location, str | LateText]]) -> None:
    """From inside a validator, report several problems, each at its place below the validated field."""
    details = [InitErrorDetails(type=problem(message), loc=location, input=None) for location, message in problems]
    if details:
        raise ValidationError.from_exception_data("payload", details)


@attrs.frozen
class LateText:
    """A message that takes time to write, and is written only if it is shown."""

    write: Callable[[], str]


def problem(message: str | LateText) -> PydanticCustomError:
    """One problem to raise from a validator; `message` is shown as it is."""
    if isinstance(message, LateText):
        return PydanticCustomError("view", "does not fit the columns", {"message": message})
    # The message goes in as a parameter, or a "{" typed by a user would be read as a template.
    return PydanticCustomError("view", "{message}", {"message": message})


def message_of(error: ErrorDetails) -> str:
    """What one of pydantic's errors says to a person."""
    if error["type"] == "view":
        message = error["ctx"]["message"]
        return message.write() if isinstance(message, LateText) else str(message)
    template = _MESSAGES.get(error["type"], "{message}, not {given}")
    # pydantic's own texts may quote what a user typed, line breaks and all.
    message = quoted(error["msg"])[1:-1]
    return template.format(given=shown(error["input"]), message=message, **error.get("ctx", {}))


def shown(given: object) -> str:
    """What was given instead of what should have been, as it may stand in a message."""
    return quoted(given) if isinstance(given, str) else type(given).__name__
