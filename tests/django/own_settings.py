"""The help desk's project with settings of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from sys import executable
from time import monotonic, sleep

import attrs

from tests.django.project import DeskProject

_ROOT = Path(__file__).parents[2]
_LIMIT = 60


@attrs.frozen
class OwnProject(DeskProject):
    """The project with these lines after those of `tests.django.settings`, and these variables."""

    lines: str = ""
    variables: dict[str, str] = attrs.field(factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        (self.folder / "own_settings.py").write_text(
            f"from tests.django.settings import *\n{self.lines}\n", encoding="utf-8"
        )
        path = os.pathsep.join(filter(None, (str(self.folder), str(_ROOT), os.environ.get("PYTHONPATH"))))
        own = {"DJANGO_SETTINGS_MODULE": "own_settings", "PYTHONPATH": path}
        return {**super().environment, **own, **self.variables}

    @contextmanager
    def started(self, *words: str) -> Iterator[Popen[str]]:
        """Start ``manage.py`` with these words; its standard error is `log`. It is killed with the block."""
        with (
            self.log.open("w", encoding="utf-8") as log,
            Popen(
                [executable, "-W", "error", "-m", "django", *words],
                env=self.environment,
                cwd=_ROOT,
                stdout=DEVNULL,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def wait_for(self, text: str) -> str:
        """Wait until the log has this text, and return the log."""
        deadline = monotonic() + _LIMIT
        while text not in (found := self.log.read_text("utf-8")):
            assert monotonic() < deadline, found
            sleep(0.05)
        return found


def own_project(project: DeskProject, lines: str = "", **variables: str) -> OwnProject:
    """Return the project on the same database."""
    return OwnProject(project.folder, project.database, project.options, lines, variables)
