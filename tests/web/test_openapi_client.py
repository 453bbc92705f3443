"""A client that openapi-python-client makes from the served document, and nothing else, goes from POST to the file."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from uuid import UUID

import pytest

from tests.e2e.command_line import clean_environment
from tests.programs import VARIABLE
from tests.web.conftest import Desk
from tests.web.servers import FRAMEWORKS, served

# In an environment of its own, because it needs an older Typer than the library.
GENERATOR = "openapi-python-client==0.29.1"
PROGRAM = Path(__file__).with_name("client_program.py")
USER = "admin@example.test"


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the generator's programs."""
    folder = tmp_path_factory.mktemp("generator")
    venv.create(folder, symlinks=True)
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--no-compile", GENERATOR],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if installed.returncode:
        reason = f"{GENERATOR} cannot be installed: {installed.stderr.strip()[-500:]}"
        (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)(reason)
    return folder / "bin"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_generated_client_goes_from_a_request_to_the_file(
    framework: str, desk: Desk, generator: Path, tmp_path: Path
) -> None:
    environment = {**clean_environment(), "PATH": f"{generator}:{os.defpath}"}
    (tmp_path / "generator.yml").write_text("package_name_override: exports_client\npost_hooks: []\n")
    with served(framework, desk.environment) as url, desk.worker():
        made = subprocess.run(
            [
                generator / "openapi-python-client",
                "generate",
                f"--url={url}/exports/openapi.json",
                "--config=generator.yml",
                "--meta=none",
                "--output-path=exports_client",
                "--fail-on-warning",
            ],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        ran = subprocess.run(
            [generator / "python", PROGRAM, f"{url}/exports", USER],
            env={**environment, "PYTHONPATH": os.fspath(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    actor = desk.container.user_directory().find_by_email(USER)
    assert actor is not None
    download = desk.container.open_download()(actor, UUID(seen["id"]))
    with download.stream as stream:
        assert stream.read().decode() == seen["content"]
    assert download.file_name == seen["file_name"]
    assert len(list(csv.reader(io.StringIO(seen["content"], newline=""), delimiter=";"))) == seen["rows"] + 1 > 1
    assert seen["listed"] == [seen["id"]]
    assert (seen["problem"]["status"], seen["problem"]["code"]) == (422, "invalid-view")
    assert seen["problem"]["problems"] == ["columns[0]: unknown column 'titel' (did you mean 'title'?)"]
