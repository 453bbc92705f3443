"""The page of the HTTP API: its commands lead from a view to the file, and its examples are what a server answers."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.e2e.documents import ROOT, blocks
from tests.programs import require_program
from tests.web.conftest import make_desk
from tests.web.servers import served
from ticket_export.entrypoints.web import problems

PAGE: Final = ROOT / "docs" / "reference" / "http-api.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
EXAMPLE_ID: Final = "5faf5baa-b958-4e9e-9ed6-835f0c3eef1e"
HOST: Final = "https://desk.example.test"


def shown(marker: str) -> list[str]:
    return [block.text for block in blocks(PAGE) if block.marker == marker]


def run(command: str, folder: Path) -> str:
    environment = {"DESK_COOKIE": "desk_user=admin@example.test", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return ran.stdout


def test_commands_of_the_page_lead_from_a_view_to_the_file(tmp_path: Path) -> None:
    require_program("curl")
    (walk,) = shown("console")
    request, watch, download = (line.removeprefix("$ ") for line in walk.splitlines())
    (files := tmp_path / "downloads").mkdir()
    desk = make_desk(tmp_path)
    with served("fastapi", desk.environment) as url:
        headers, _, body = run(request.replace(HOST, url), files).replace("\r", "").partition("\n\n")
        (path,) = re.findall("^location: (.+)$", headers, flags=re.MULTILINE)
        made = json.loads(body)
        assert path == f"/exports/{made['id']}"
        desk.container.worker().drain()
        deadline = time.monotonic() + 60
        watch, download = (each.replace(HOST, url).replace(EXAMPLE_ID, made["id"]) for each in (watch, download))
        while (export := json.loads(run(watch, files)))["status"] != "completed":
            assert time.monotonic() < deadline, export
        run(download, files)
    (file,) = files.iterdir()
    assert (file.name, file.stat().st_size) == (export["fileName"], export["length"])
    assert file.read_text(encoding="utf-8-sig").startswith("Ticket ID,Title\n")
    example = json.loads(shown("json")[0])
    assert (list(example), list(example["links"])) == (list(export), list(export["links"]))
    assert set(made) - set(export) == {"alreadyRequested"}


def test_problem_of_the_page_has_the_keys_of_a_problem() -> None:
    example = json.loads(shown("json")[1])
    assert list(example) == list(problems.Problem.model_fields)
    assert f"| {example['status']} | `{example['code']}` |" in TEXT


def test_every_code_of_a_problem_is_listed_with_its_status() -> None:
    source = (ROOT / "src/ticket_export/entrypoints/web/problems.py").read_text(encoding="utf-8")
    api = (ROOT / "src/ticket_export/entrypoints/web/api.py").read_text(encoding="utf-8")
    kinds = {(kind.status.value, kind.code) for _, kind in problems._KINDS}
    made = {each.problem for each in vars(problems).values() if isinstance(each, problems.Refusal)}
    kinds |= {(each.status, each.code) for each in made}
    # It is made for each address.
    assert 'HTTPStatus.METHOD_NOT_ALLOWED, "method"' in source + api
    kinds.add((405, "method"))
    assert len(kinds) > 15
    listed = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", TEXT, flags=re.MULTILINE)
    assert sorted((int(status), code) for status, code in listed) == sorted(kinds)
