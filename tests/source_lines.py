"""The lines of a module that are code: neither blank, nor a comment, nor a docstring."""

from __future__ import annotations

import ast


def code_lines(source: str) -> list[str]:
    """The lines of code of a module's text."""
    told = _docstring_lines(source)
    lines = enumerate(source.splitlines(), start=1)
    return [line for number, line in lines if number not in told and line.strip() and not line.lstrip().startswith("#")]


def _docstring_lines(source: str) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):  # type: ignore[attr-defined]
                found |= {*range(first.lineno, (first.end_lineno or first.lineno) + 1)}
    return found
