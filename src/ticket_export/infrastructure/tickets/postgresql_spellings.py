"""How PostgreSQL spells what is in `sql_functions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.compiler import compiles

from ticket_export.infrastructure.tickets.condition_compiler import stored_type
from ticket_export.infrastructure.tickets.sql_functions import (
    Contains,
    EndsWith,
    Folded,
    JoinedTags,
    StartsWith,
    TimeText,
    UuidText,
)

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

#: The first release with collations of its own, which fold the same letters on every machine.
_OWN_COLLATIONS = (17,)


@compiles(Folded, "postgresql")
def _folded(element: Folded, compiler: SQLCompiler, **kw: Any) -> str:
    return _fold(compiler, compiler.process(element.clauses, **kw))


@compiles(Contains, "postgresql")
def _contains(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(position({needle} IN {_fold(compiler, text)}) > 0)"


@compiles(StartsWith, "postgresql")
def _starts_with(element: StartsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"starts_with({_fold(compiler, text)}, {needle})"


@compiles(EndsWith, "postgresql")
def _ends_with(element: EndsWith, compiler: SQLCompiler, **kw: Any) -> str:
    text, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(right({_fold(compiler, text)}, length({needle})) = {needle})"


def _fold(compiler: SQLCompiler, text: str) -> str:
    # One capital alone becomes two letters in lower case, which PostgreSQL's simple mapping leaves out.
    expanded = f"replace({text}, U&'\\0130', U&'i\\0307')"
    version = compiler.dialect.server_version_info or _OWN_COLLATIONS
    collation = "pg_c_utf8" if version >= _OWN_COLLATIONS else "und-x-icu"
    return f"replace(lower({expanded} COLLATE \"{collation}\"), U&'\\03C2', U&'\\03C3')"


@compiles(JoinedTags, "postgresql")
def _joined_tags(element: JoinedTags, compiler: SQLCompiler, **kw: Any) -> str:
    json = compiler.process(element.clauses, **kw)
    is_other = f"jsonb_path_exists({json}, '$[*] ? (@.type() != \"string\")')"
    joined = "string_agg(tag, ', ' ORDER BY place)"
    tags = f"jsonb_array_elements_text({json}) WITH ORDINALITY each(tag, place)"
    return (
        f"(CASE jsonb_typeof({json}) WHEN 'null' THEN NULL WHEN 'array' THEN "  # noqa: S608 - the column is the catalog's, nothing is a user's
        f"CASE WHEN {is_other} THEN {json}::text ELSE (SELECT coalesce({joined}, '') FROM {tags}) END "
        f"ELSE {json}::text END)"
    )


@compiles(TimeText, "postgresql")
def _time_text(element: TimeText, compiler: SQLCompiler, **kw: Any) -> str:
    cell, *zone = element.clauses
    moment = f"({compiler.process(cell, **kw)})"
    other = f"({moment} AT TIME ZONE INTERVAL '0')"
    utc, aware = (other, moment) if stored_type(cell).timezone else (moment, other)
    # COPY writes a timestamp as ISO 8601 has it, with a blank, and a fraction only where there is one.
    if not zone:
        return _whole_seconds(utc)
    # In the zone that the transaction was begun with.
    local = f"{aware}::timestamp"
    return _whole_seconds(
        # No zone moves a moment by more than a day, so that nearly all need no second look.
        f"CASE WHEN {utc} BETWEEN timestamp '0001-01-02' AND timestamp '9999-12-30' THEN {local} "
        f"WHEN {local} >= timestamp '0001-01-01' AND {local} < timestamp '10000-01-01' THEN {local} "
        f"ELSE {utc} END"
    )


def _whole_seconds(moment: str) -> str:
    # Cheaper than date_trunc(), which reads the name of the unit anew for every cell.
    return f"date_bin('1 second', {moment}, timestamp '0001-01-01')"


@compiles(UuidText, "postgresql")
def _uuid_text(element: UuidText, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)
