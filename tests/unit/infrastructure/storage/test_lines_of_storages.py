"""A storage on one of the bases takes few lines of code, without blank, comment and docstring lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.source_lines import code_lines

_ROOT = Path(__file__).parents[4]
_STORAGES = "src/ticket_export/infrastructure/storage"


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        pytest.param(f"{_STORAGES}/azure.py", 45, id="azure"),
        pytest.param(f"{_STORAGES}/gcs.py", 45, id="gs"),
        pytest.param("examples/storage_plugin/src/**/*.py", 90, id="sftp"),
    ],
)
def test_storage_takes_few_lines_of_code(pattern: str, most: int) -> None:
    lines = [line for path in _ROOT.glob(pattern) for line in code_lines(path.read_text(encoding="utf-8"))]
    assert 20 < len(lines) <= most


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('"""A module."""\n\nimport os  # counts\n\n# does not\n', ["import os  # counts"]),
        (
            'class A:\n    """One.\n\n    Two.\n    """\n\n    text = """\n# a line of a text\n"""\n',
            ["class A:", '    text = """', '"""'],
        ),
        ('def f():\n    """One."""\n    return """text"""\n', ["def f():", '    return """text"""']),
        ('def f():\n    1\n    """not a docstring"""\n', ["def f():", "    1", '    """not a docstring"""']),
    ],
)
def test_lines_of_code_are_those_that_do_something(source: str, lines: list[str]) -> None:
    assert code_lines(source) == lines
