"""Django 6, which needs Python 3.12, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.django.project import DeskProject
from tests.programs import VARIABLE

_INSTALL_LIMIT, _LIMIT = 240, 120
_ROOT = Path(__file__).parents[3]
_PROGRAM = """
import django
assert django.VERSION >= (6, 0)
django.setup()
from django.utils import timezone
from tests.django.tables.catalogs import catalog
from tests.django.tables.programs import *
from ticket_export.entrypoints.django.models import ExportJob
migrate()
assert differences() == []
call_command("makemigrations", "ticket_export", check_changes=True, dry_run=True)
call_command("check", "--database=default", "--fail-level=WARNING")
a_ticket()
assert export(an_admin()) == ["Subject", "Wi-Fi"]
moment = ExportJob.objects.get().requested_at
local = timezone.localtime(moment).date()
assert ExportJob.objects.filter(requested_at=moment, requested_at__date=local).exists()
call_command("flush", interactive=False, verbosity=0)
before = catalog()
migrate("ticket_export", "zero")
migrate()
assert catalog() == before
a_ticket("Printer")
assert export(an_admin()) == ["Subject", "Printer"]
"""


def _newer_python() -> str:
    """A Python on which Django 6 runs; those of pyenv may be off the path."""
    for version in ("3.12", "3.13", "3.14"):
        found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        for python in [*map(str, found), shutil.which(f"python{version}")]:
            if python and subprocess.run([python, "-c", "import venv"], check=False, timeout=_LIMIT).returncode == 0:
                return python
    pytest.skip("Django 6 needs Python 3.12, and only older ones are installed")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with Django 6 and the library."""
    folder = tmp_path_factory.mktemp("django6")
    made = [_newer_python(), "-m", "venv", str(folder)]
    subprocess.run(made, check=True, timeout=_INSTALL_LIMIT)
    install = ["-m", "pip", "install", "--quiet", "django>=6,<7", f"{_ROOT}[django,postgres]"]
    ended = subprocess.run(
        [folder / "bin" / "python", *install], capture_output=True, text=True, timeout=_INSTALL_LIMIT, check=False
    )
    if ended.returncode:
        (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)(
            f"pip cannot install Django 6: {ended.stderr[-500:]}"
        )
    return str(folder / "bin" / "python")


def test_migrations_and_an_export_work_with_django_6(python: str, project: DeskProject) -> None:
    # The code of the work tree, not the copy that pip has installed.
    environment = {**project.environment, "PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])}
    ended = subprocess.run(
        [python, "-W", "error", "-c", _PROGRAM],
        env=environment,
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
