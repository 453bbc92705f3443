"""Runs commands and programs in the help desk's project, each in a process of its own, as a host does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs

_LIMIT = 120
_ROOT = Path(__file__).parents[2]


@attrs.frozen
class DeskProject:
    """The help desk with its files in `folder`; `database` is the URL of a PostgreSQL database, or None for SQLite."""

    folder: Path
    database: str | None = None
    options: frozenset[str] = frozenset()

    @property
    def environment(self) -> dict[str, str]:
        own = {"DESK_FOLDER": str(self.folder), "DJANGO_SETTINGS_MODULE": "tests.django.settings"}
        named = {} if self.database is None else {"DESK_DATABASE": self.database}
        return {**os.environ, **own, **named, **dict.fromkeys(self.options, "1")}

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with these words; every warning is an error."""
        return self._run("-W", "error", "-m", "django", *words, check=check)

    def python(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Python with these words; the process sets Django up itself."""
        return self._run(*words, check=check)

    def run(self, code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program after ``django.setup()``."""
        return self._run("-c", f"import django; django.setup()\n{code}", check=check)

    def _run(self, *words: str, check: bool) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [sys.executable, *words],
            env=self.environment,
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if check and ended.returncode:
            raise AssertionError(f"{words} ended with {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
        return ended
