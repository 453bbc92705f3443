"""The rule that converts JSON tags to text, in Python; `postgresql.tags` spells the same rule in SQL.

- A JSON list that holds only texts is joined with ``", "``: ``["Red", "Blue"]`` is ``Red, Blue``, and ``[]``
  is empty.
- JSON's ``null`` is empty, as NULL is.
- Any other JSON is written without blanks, as PostgreSQL's ``jsonb`` reads it: the keys of an object are sorted by
  length and then by bytes, the last of two equal keys counts, numbers have no exponent (``1e2`` is ``100``, ``1.0``
  stays ``1.0``, ``-0`` is ``0``), letters are not escaped.
- A text that is not JSON stays as it is. So does JSON that ``jsonb`` cannot hold or that would cost too much: a text
  with ``\\u0000`` or half of a surrogate pair, a number with more than 255 decimals or an exponent of more than three
  digits, more than `MAX_DEPTH` levels of nesting, more than `MAX_LENGTH` characters. (A column of type ``jsonb`` may
  hold deeper documents, longer ones and longer numbers; they are written as above.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

#: Levels of nested lists and objects.
MAX_DEPTH: Final = 32
MAX_LENGTH: Final = 100_000
#: Digits after the point of a number.
MAX_DECIMALS: Final = 255

_NUMBER = re.compile(rf"-?[0-9]+(\.[0-9]{{1,{MAX_DECIMALS}}})?([eE][+-]?[0-9]{{1,3}})?")
# Every escape of JSON except a NUL and half of a surrogate pair.
_ESCAPES = re.compile(
    r"""\\(?:["\\/bfnrt]|u(?:[1-9a-cA-CeEfF][0-9a-fA-F]{3}|0(?:[1-9a-fA-F][0-9a-fA-F]{2}|0[1-9a-fA-F][0-9a-fA-F]"""
    r"""|00[1-9a-fA-F])|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"""
)
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class _Number(str):
    """A number in its JSON spelling."""

    __slots__ = ()


def joined_tags(text: str) -> str | None:
    """The tags in `text`, by the rule of this module; None for ``null``."""
    if len(text) > MAX_LENGTH or _is_deep(text) or ("\\" in text and "\\" in _ESCAPES.sub("", text)):
        return text
    try:
        tags = _DECODER.decode(text)
    except ValueError:
        return text
    return _joined(tags)


def json_text(text: str, keys: Sequence[str | int]) -> str | None:
    """The value at the end of the path `keys` of a JSON document as one text, as `JsonText` says; None if missing.

    A document that is not JSON, or that Python cannot read, has no values.
    """
    try:
        found = _DECODER.decode(text)
        for key in keys:
            if isinstance(found, list) if isinstance(key, int) else isinstance(found, dict):
                found = found[key]
            else:
                return None
        return str(found) if type(found) is str else _joined(found)
    except (ValueError, LookupError, RecursionError):
        return None


def _joined(tags: Any) -> str | None:
    if isinstance(tags, list) and all(type(tag) is str for tag in tags):
        return ", ".join(tags)
    return None if tags is None else _compact(tags)


def _compact(value: Any) -> str:
    if isinstance(value, _Number):
        number = Decimal(value)
        written = f"{number:f}"
        return written.removeprefix("-") if number == 0 else written
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{','.join(map(_compact, value))}]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ",".join(f"{_compact(key)}:{_compact(value[key])}" for key in keys) + "}"
    return json.dumps(value)


def _number(text: str) -> _Number:
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number that is too long")
    return _Number(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse)


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for character in re.sub(r"[^\[\]{}]", "", _STRINGS.sub("", text)):
        depth += 1 if character in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False
