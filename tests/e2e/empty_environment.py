"""An environment that has one wheel and what it requires, and nothing else, made without a network.

What it requires is installed where the tests run. Each file that such a distribution says it installed is linked into
the new environment, file by file; no other distribution's file comes along, as it would with the folder on the path.
Which distributions these are follows from the wheel's own metadata, without extras, as pip would go through them.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.e2e.command_line import Ended, clean_environment


@attrs.frozen
class Environment:
    """A virtual environment without pip."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        (found,) = self.folder.glob("lib/python3*/site-packages")
        return found

    def run(self, *arguments: str | Path, folder: Path, settings: Mapping[str, str] = {}) -> Ended:
        """A program of the environment, by its name, in `folder`."""
        program, *rest = arguments
        outside = {name: value for name, value in clean_environment().items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            [self.folder / "bin" / program, *rest],
            cwd=folder,
            env={**outside, **settings},
            capture_output=True,
            check=False,
            timeout=300,
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode())


def install_alone(wheel: Path, folder: Path) -> Environment:
    """The wheel in a new environment, by pip, and what it requires."""
    venv.create(folder, symlinks=True)
    environment = Environment(folder)
    pip(environment, "install", "--no-index", "--no-deps", wheel)
    metadata = next(environment.site_packages.glob("ticket_export-*.dist-info"))
    for each in _required(Distribution.at(metadata).requires or []):
        _link(each, environment.site_packages)
    return environment


def pip(environment: Environment, *arguments: str | Path) -> str:
    """What pip does to an environment that has none of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", environment.python, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _required(requirements: Iterable[str]) -> Iterator[Distribution]:
    """The distributions that are required, and those that they require."""
    waiting, seen = list(requirements), set[tuple[str, frozenset[str]]]()
    while waiting:
        requirement = Requirement(waiting.pop())
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen or not _holds(requirement, ""):
            continue
        seen.add(key)
        found = distribution(requirement.name)
        yield found
        waiting += [
            str(_without_marker(each))
            for each in map(Requirement, found.requires or [])
            if any(_holds(each, extra) for extra in ("", *requirement.extras))
        ]


def _holds(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _without_marker(requirement: Requirement) -> Requirement:
    requirement.marker = None
    return requirement


def _link(found: Distribution, site_packages: Path) -> None:
    for file in found.files or []:
        # What lies elsewhere are scripts, which nobody needs here.
        if ".." not in file.parts:
            path = site_packages / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and (source := Path(str(file.locate()))).exists():
                path.symlink_to(source.absolute())
