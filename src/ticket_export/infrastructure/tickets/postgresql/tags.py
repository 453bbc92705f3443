"""How PostgreSQL spells the rules of `joined_tags`; no stored value makes the statement fail."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnClause
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from ticket_export.infrastructure.tickets.joined_tags import MAX_DECIMALS, MAX_DEPTH, MAX_LENGTH
from ticket_export.infrastructure.tickets.sql_functions import JoinedTags, JsonText, arguments
from ticket_export.infrastructure.tickets.sql_types import underlying

_HEX: Final = "[0-9a-fA-F]"
_ESCAPE: Final = (
    rf'\\(?:["\\/bfnrt]|u(?:[1-9a-cA-CeEfF]{_HEX}{{3}}|0(?:[1-9a-fA-F]{_HEX}{{2}}|0[1-9a-fA-F]{_HEX}|00[1-9a-fA-F])'
    rf"|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
_STRING: Final = rf'"(?:[^"\\\u0001-\u001f]|{_ESCAPE})*"'
_SCALAR: Final = rf"-?(?:0|[1-9][0-9]*)(?:\.[0-9]{{1,{MAX_DECIMALS}}})?(?:[eE][+-]?[0-9]{{1,3}})?|true|false|null"
# Texts without an escape, as nearly all tags are, in a list as `json.dumps` writes it and as `JSON.stringify` does.
_PLAIN: Final = '"[^"\\\\\\u0001-\\u001f]*"'
_SEPARATORS: Final = (", ", ",")
_BLANKS: Final = "[ \\t\\n\\r]*"
_LIST: Final = f"^{_BLANKS}\\[{_BLANKS}(?:{_STRING}{_BLANKS}(?:,{_BLANKS}{_STRING}{_BLANKS})*)?\\]{_BLANKS}$"
# JSON contains none of these characters where they could be confused with the marks for a text (1) and another value
# (2).
_FOREIGN: Final = "[\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f]"
_OTHER: Final = "U&'\\0002'"
_VALUE: Final = "[\\u0001\\u0002]"
_MEMBER: Final = f"\\u0001:{_VALUE}"
_INNERMOST: Final = f"\\[(?:{_VALUE}(?:,{_VALUE})*)?\\]|\\{{(?:{_MEMBER}(?:,{_MEMBER})*)?\\}}"
_BLANK_OUTSIDE_TEXTS: Final = f"({_STRING})|[ ]"


# A list of at most so many tags is joined without a subquery, which takes several times as long.
_FEW: Final = 6


@compiles(JoinedTags, "postgresql")
def _joined_tags(element: JoinedTags, compiler: SQLCompiler, **kw: Any) -> str:
    (tags,) = element.clauses
    stored = compiler.process(tags, **kw)
    if isinstance(underlying(tags.type.dialect_impl(compiler.dialect)), JSONB):
        # It costs nothing to name a column many times.
        return _of_jsonb(stored) if isinstance(tags, ColumnClause) else _once(stored, "j", _of_jsonb("j"))
    return _once(f'CAST({stored} AS text) COLLATE "C"', "t", _of_text())


@compiles(JsonText, "postgresql")
def _json_text(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    found, *keys = arguments(element, compiler, **kw)
    for clause, key in zip(list(element.clauses)[1:], keys, strict=True):
        found = _place(found, int(key)) if getattr(clause, "is_literal", False) else f"{found} -> {key}"
    return _once(found, "j", f"CASE jsonb_typeof(j) WHEN 'string' THEN j #>> '{{}}' ELSE {_of_jsonb('j')} END")


def _place(json: str, place: int) -> str:
    # The operator -> takes a scalar for a list of one.
    subscript = f"last - {-place - 1}" if place < 0 else str(place)
    return f"jsonb_path_query_first({json}, 'strict $[{subscript}]', '{{}}', true)"


def _once(expression: str, name: str, result: str) -> str:
    # With OFFSET 0 the planner evaluates the expression once instead of at each place that names it.
    return f"(SELECT {result} FROM (SELECT {expression} AS {name} OFFSET 0) AS stored)"  # noqa: S608 - the expression is the catalog's, nothing is a user's


def _of_text() -> str:
    plain = " ".join(
        f"WHEN t ~ '^\\[{_PLAIN}(?:{separator}{_PLAIN})*\\]$' "
        f"THEN replace(left(right(t, -2), -2), '\"{separator}\"', ', ')"
        for separator in _SEPARATORS
    )
    return (
        f"CASE WHEN t IS NULL OR length(t) > {MAX_LENGTH} THEN t {plain} "
        f"WHEN t ~ '{_LIST}' THEN {_once('t::jsonb', 'j', _joined('j'))} "
        f"WHEN {_IS_JSON} THEN {_once('t::jsonb', 'j', _of_jsonb('j'))} ELSE t END"
    )


def _of_jsonb(json: str) -> str:
    is_other = f"jsonb_path_exists({json}, 'strict $[*] ? (@.type() != \"string\")')"
    compact = f"regexp_replace({json}::text COLLATE \"C\", '{_BLANK_OUTSIDE_TEXTS}', '\\1', 'g')"
    return (
        f"(CASE jsonb_typeof({json}) WHEN 'null' THEN NULL WHEN 'array' THEN "
        f"CASE WHEN {is_other} THEN {compact} ELSE {_joined(json)} END ELSE {compact} END)"
    )


def _joined(json: str) -> str:
    tags = [f"({json} ->> {place})" for place in range(_FEW)]
    few = " ".join(f"WHEN {count} THEN concat_ws(', ', {', '.join(tags[:count])})" for count in range(1, _FEW + 1))
    many = f"array_to_string(ARRAY(SELECT jsonb_array_elements_text({json})), ', ')"
    return f"CASE jsonb_array_length({json}) WHEN 0 THEN '' {few} ELSE {many} END"


def _replaced(text: str, pattern: str, by: str) -> str:
    return f"regexp_replace({text}, '{pattern}', {by}, 'g')"


# Every text and every other scalar becomes one character, then every list and object of such characters, from the
# inside to the outside. In the end valid JSON is one character. pg_input_is_valid(), from release 16 on, fails for a
# document that is nested too deep.
_TOKENS: Final = "translate({}, U&' \\0009\\000A\\000D', '')".format(
    _replaced(_replaced("t", _STRING, "U&'\\0001'"), _SCALAR, _OTHER)
)
_IS_JSON: Final = (
    f"CASE WHEN t ~ '{_FOREIGN}' THEN false ELSE "  # noqa: S608 - nothing is a user's
    f"(WITH RECURSIVE inside(rest, level) AS (SELECT {_TOKENS}, 0 UNION ALL "
    f"SELECT {_replaced('rest', _INNERMOST, _OTHER)}, level + 1 "
    f"FROM inside WHERE level < {MAX_DEPTH} AND rest ~ '{_INNERMOST}') "
    f"SELECT rest ~ '^{_VALUE}$' FROM inside ORDER BY level DESC LIMIT 1) END"
)
