"""What a host on Django writes passes its type checker: mypy with and without django-stubs, and pyright."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.programs import VARIABLE

_SRC: Final = Path(__file__).parents[2] / "src"
_LIMIT: Final = 280

_MODELS: Final = """
from django.contrib.auth.models import Group
from django.db import models


class Ticket(models.Model):
    title: models.CharField[str, str] = models.CharField(max_length=200)
    team: models.ForeignKey[Group, Group] = models.ForeignKey(Group, models.CASCADE)
    opened_at: models.DateTimeField[str, str] = models.DateTimeField(auto_now_add=True)
"""
_EXPORTS: Final = """
from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from desk.models import Ticket
from ticket_export import TicketExportContainer
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import DjangoUserDirectory, catalog_for, export_container


class Users(DjangoUserDirectory):
    def attributes(self, user: Any) -> Mapping[str, Any]:
        return {**super().attributes(user), "tenant": 7}


class DeskContainer(TicketExportContainer):
    pass


catalog = catalog_for(
    Ticket.objects.filter(title="x"),
    columns=["id", "title", "team__name"],
    created_at="opened_at",
    visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(team__in=actor.attributes["groups"]),
)
container = export_container(catalog=catalog, user_directory=Users())
own = export_container(DeskContainer, catalog=catalog)
"""
_URLS: Final = """
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from ticket_export.django import current_actor, exports_container


def export(request: HttpRequest) -> HttpResponse:
    actor = current_actor(request)
    if actor is None:
        return HttpResponse(status=401)
    job = exports_container().request_export()(actor, {"columns": ["title"]})
    return HttpResponse(job.status, status=202)


urlpatterns = [path("exports/", include("ticket_export.django.urls")), path("own", export)]
"""
_SETTINGS: Final = """
from pathlib import Path

BASE_DIR = Path(__file__).parent
INSTALLED_APPS = ["desk", "ticket_export.django"]
TICKET_EXPORT_APP = "desk.exports:container"
TICKET_EXPORT_STORAGE_URL = (BASE_DIR / "exports").as_uri()
TICKET_EXPORT_FORMATS = ["csv", "xlsx"]
"""
_REVEALED: Final = """
from desk.exports import container, own
from ticket_export.django import current_actor, exports_container

reveal_type(container)
reveal_type(own)
reveal_type(exports_container())
reveal_type(container.request_export())
"""
_WRONG: Final = """
from desk.exports import catalog
from ticket_export.django import current_actor, export_container
#
export_container(catalogue=catalog)
export_container(catalog="desk")
export_container(str, catalog=catalog)
current_actor("ada")
"""
#: Where Django has no types, this is all that a checker can know.
_OF_DJANGO: Final = 'current_actor("ada")'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host")
    desk = folder / "desk"
    desk.mkdir()
    modules = {"models": _MODELS, "exports": _EXPORTS, "urls": _URLS, "settings": _SETTINGS, "__init__": ""}
    for name, text in {**modules, "revealed": _REVEALED, "wrong": _WRONG}.items():
        (desk / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def _run(folder: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**environment, "MYPYPATH": str(_SRC)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
    )
    assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
    return ran.stdout


def _mypy(folder: Path, config: str) -> list[tuple[str, int, str, bool]]:
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\n[mypy-ticket_export.*]\nignore_errors = true\n{config}")
    told = _run(folder, "mypy", "--output", "json", "--cache-dir", str(folder / config[:6].strip("[")), "-p", "desk")
    found = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return [(Path(each["file"]).name, each["line"], each["message"], each["severity"] == "error") for each in found]


def _with_stubs(folder: Path) -> list[tuple[str, int, str, bool]]:
    return _mypy(folder, "")


def _without_stubs(folder: Path) -> list[tuple[str, int, str, bool]]:
    # As a host writes that has no types of Django.
    skipped = "[mypy-django.*]\nfollow_imports = skip\nignore_missing_imports = true\n"
    return _mypy(folder, f"{skipped}[mypy-desk.*]\ndisallow_subclassing_any = false\n")


def _pyright(folder: Path) -> list[tuple[str, int, str, bool]]:
    if find_spec("pyright") is None:
        (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)("the package pyright is not installed")
    config = {"include": ["desk"], "extraPaths": [str(_SRC)], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    told = _run(folder, "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(folder))
    return [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"], each["severity"] == "error")
        for each in json.loads(told)["generalDiagnostics"]
    ]


@pytest.mark.parametrize("check", [_with_stubs, _without_stubs, _pyright], ids=["stubs", "no stubs", "pyright"])
def test_a_host_on_django_passes_its_type_checker(check: object, folder: Path) -> None:
    found = check(folder)  # type: ignore[operator]
    assert [each for each in found if each[3] and each[0] != "wrong.py"] == []
    revealed = " ".join(each[2] for each in found if each[0] == "revealed.py")
    for name in ("TicketExportContainer", "DeskContainer", "RequestExport"):
        assert name in revealed
    assert "Any" not in revealed
    assert "Unknown" not in revealed
    refused = {line for name, line, _, is_error in found if is_error and name == "wrong.py"}
    wrong = [(number, line) for number, line in enumerate(_WRONG.splitlines(), start=1) if number > 4]
    allowed = {_OF_DJANGO} if check is _without_stubs else set()
    assert [line for number, line in wrong if number not in refused and line not in allowed] == []
