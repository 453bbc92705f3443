"""The documentation site builds without a warning, and holds the pages that readers look for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.documents import ROOT

pytest.importorskip("sphinx", reason="sphinx is not installed: pip install '.[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    options = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            *options,
            "--doctree-dir",
            folder / "doctrees",
            ROOT / "docs",
            folder / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.mark.parametrize(
    ("page", "shows"),
    [
        ("index.html", "For host applications"),
        ("tutorial/first-export.html", "Ticket ID,Title,Status"),
        ("how-to/wire-your-tables.html", "CrmUserDirectory"),
        ("reference/views.html", "formula guard"),
        ("reference/api/ticket_export.html", 'id="ticket_export.TicketExportContainer"'),
        ("reference/api/ports.html", 'id="ticket_export.ports.UnitOfWork.commit"'),
        ("reference/api/errors.html", 'id="ticket_export.errors.TicketExportError"'),
        ("reference/api/testing-memory.html", 'id="ticket_export.testing.memory.InMemoryStorage"'),
        ("how-to/offer-an-export-button.html", "ticket-export:completed"),
        ("reference/http-api.html", "application/problem+json"),
        ("reference/api/web-django.html", 'id="ticket_export.web.django.exports_urls"'),
        ("reference/api/web-fastapi.html", 'id="ticket_export.web.fastapi.exports_router"'),
        ("reference/api/web-flask.html", 'id="ticket_export.web.flask.exports_blueprint"'),
        ("security.html", "3.5.1"),
        ("search.html", "searchtools.js"),
        ("searchindex.js", "first-export"),
    ],
)
def test_site_has_the_page_with_its_content(site: Path, page: str, shows: str) -> None:
    assert shows in (site / page).read_text(encoding="utf-8")


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text, page
        assert 'rel="stylesheet" type="text/css" href="http' not in text, page


def test_makefile_builds_with_the_same_options() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "sphinx --builder html --fresh-env --nitpicky --fail-on-warning --keep-going" in makefile
