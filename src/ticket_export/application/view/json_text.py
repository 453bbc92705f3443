"""Incoming JSON: its size is checked before anything else, and all of it takes linear time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn, cast

from pydantic import BaseModel

from ticket_export.application.safe_text import quoted
from ticket_export.application.view.limits import MAX_DEPTH, MAX_JSON, MAX_MEMBERS, MAX_PARTS, SHORT_VIEW
from ticket_export.errors import InvalidPayloadError

_TOO_LONG = f"longer than {MAX_JSON:,} bytes of JSON"
_TOO_MANY_PARTS = f"holds more than {MAX_PARTS:,} lists, objects and keys"
# PostgreSQL's jsonb writes 1e308 with all its digits.
_DIGITS_OF_FLOAT = 350
# An unclosed string reaches to the end. The pattern never backtracks, so it takes linear time.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def parse_json(text: str | bytes) -> object:
    """Return the value of the JSON text.

    Raises:
        InvalidPayloadError: it is too long, is not JSON, or repeats a key in one object.
    """
    if len(text) > MAX_JSON:
        _refuse(_TOO_LONG)
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        require_short(text)
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except InvalidPayloadError:
        raise
    except json.JSONDecodeError as error:
        _refuse(f"line {error.lineno} column {error.colno}: {error.msg}")
    except (ValueError, RecursionError):
        _refuse("not JSON that can be read")


def require_short(text: str) -> None:
    """Refuse the JSON text of a view that is too long or has too many parts.

    Raises:
        InvalidPayloadError: with the limit.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_JSON:
        _refuse(_TOO_LONG)
    # A part costs far more time and memory than its two characters.
    if has_many_parts(text):
        _refuse(_TOO_MANY_PARTS)


def has_many_parts(text: str) -> bool:
    """Whether the JSON text has more lists, objects and keys than a view may have."""
    return _parts(text) > MAX_PARTS and _parts(_STRING.sub("", text)) > MAX_PARTS


def is_surely_small(text: str) -> bool:
    """Return whether `require_small` accepts whatever the JSON text holds: it is short, and cannot be deep."""
    return len(text) <= SHORT_VIEW and text.count("[") + text.count("{") < MAX_DEPTH


def require_small(payload: object) -> None:
    """Refuse a payload that is too large for a view, without reading all of it.

    Raises:
        InvalidPayloadError: with the limit.
    """
    size = members = parts = 0
    level: list[object] = [payload]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        size += sum(map(_length, level))
        for inner in filter(None, map(_members, level)):
            members += len(inner)
            parts += 1 + len(inner) * isinstance(inner, Mapping)
            if members > MAX_MEMBERS:
                _refuse(f"holds more than {MAX_MEMBERS:,} values")
            if parts > MAX_PARTS:
                _refuse(_TOO_MANY_PARTS)
            below += inner
            if isinstance(inner, Mapping):
                below += inner.values()
        if size > MAX_JSON:
            _refuse(_TOO_LONG)
        if not below:
            return
        level = below
    _refuse(f"lists and objects are nested more than {MAX_DEPTH} deep")


def _members(value: object) -> Mapping[object, object] | list[object] | tuple[object, ...] | None:
    # First, since most values are of these types, and the check for a mapping is slow.
    if isinstance(value, (str, int, float)):
        return None
    if isinstance(value, (list, tuple, Mapping)):
        return value
    return cast("Mapping[object, object]", vars(value)) if isinstance(value, BaseModel) else None


def _length(value: object) -> int:
    """Return about how long the value's JSON is, without its members."""
    if isinstance(value, (str, bytes, bytearray)):
        return len(value)
    if isinstance(value, int):
        return value.bit_length() // 3 + 1
    return _DIGITS_OF_FLOAT if isinstance(value, float) and not 1e-5 < abs(value) < 1e16 else 1


def _parts(text: str) -> int:
    return text.count("[") + text.count("{") + text.count(":")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # JSON does not say which value of a repeated key counts, and no part of a view may get lost.
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:  # pragma: no branch - one key is repeated
            if key in seen:
                _refuse(f"the key {quoted(key)} is repeated in one object")
            seen.add(key)
    return members


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


def _refuse(problem: str) -> NoReturn:
    raise InvalidPayloadError([f"payload: {problem}"])
