"""Runs programs in the project of the help desk, each in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs

from benchmarks import measure
from benchmarks.contenders import HelpDesk
from benchmarks.measure import Run

OUR_APP, PEER_APP = "ticket_export.django", "import_export"


def environment(desk: HelpDesk, *apps: str) -> Mapping[str, str]:
    """The environment variables of a process with these applications next to those of the desk."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.django.settings",
        "DESK_DATABASE": desk.url,
        "DESK_STORAGE": str(desk.storage),
        "DESK_APPS": " ".join(apps),
    }


def run(desk: HelpDesk, *words: str, apps: tuple[str, ...] = ()) -> Run:
    """Run Python with these arguments and measure the process."""
    return measure.run([sys.executable, *words], environment=environment(desk, *apps))


def run_with_figures(desk: HelpDesk, *words: str, apps: tuple[str, ...]) -> Run:
    """Run Python with these arguments and a file for figures; those replace the ones of the process."""
    figures = desk.folder / "figures.json"
    process = run(desk, *words, str(figures), apps=apps)
    return attrs.evolve(process, **json.loads(figures.read_text(encoding="utf-8")))


def fill(desk: HelpDesk, tickets: int) -> float:
    """Create the tables and the tickets; return the seconds."""
    # Django's connections to SQLite do not set the mode that readers need next to a writer.
    return run(desk, "-m", "benchmarks.django.fill", str(tickets), apps=(OUR_APP,)).seconds


@attrs.frozen
class OurExport:
    """An export of that view by this library."""

    view: str

    def __call__(self, desk: HelpDesk, file: Path) -> Run:
        words = ("-m", "benchmarks.django.our_export", self.view, str(file))
        return run_with_figures(desk, *words, apps=(OUR_APP,))


@attrs.frozen
class PeerExport:
    """An export of that view by django-import-export."""

    view: str
    resource: str = "TicketResource"
    chunk: int = 100

    def __call__(self, desk: HelpDesk, file: Path) -> Run:
        words = ("-m", "benchmarks.django.peer_export", self.resource, str(self.chunk), self.view, str(file))
        return run_with_figures(desk, *words, apps=(PEER_APP,))


def memory_of_models(desk: HelpDesk) -> float:
    """The peak memory in MB of a process that has imported the models and read one row."""
    return run(desk, "-m", "benchmarks.django.idle").peak_mb
