"""Hosts with their own tables, users and rights: the examples run, and the pages show them word for word."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.e2e.command_line import clean_environment
from tests.e2e.documents import blocks
from tests.postgresql_server import PostgresqlServer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
HOST_APP = EXAMPLES / "host_app"
ENGINE = EXAMPLES / "procrastinate_engine" / "engine.py"
ENGINE_PAGE = ROOT / "docs" / "how-to" / "use-your-own-task-queue.md"
#: What a host adds to its own code is between such lines.
BEGIN, END = "# --- ticket-export: begin", "# --- ticket-export: end"
_PAGES_OF_THE_LIBRARY = re.compile(
    "ticket_export.web|exports_|/exports/|<ticket-export|export_button|ticket_export.django.urls"
)
#: What it adds for the pages, the API and the button alone, in Python and in its template.
WEB_BEGIN, WEB_END = "--- pages, API and button: begin", "--- pages, API and button: end"


def run(folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**clean_environment(), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_the_host_exports_from_its_own_tables_in_an_empty_folder(tmp_path: Path) -> None:
    shown = run(tmp_path, HOST_APP / "host_app.py").splitlines()
    assert shown == [
        "Case,Subject,Owner",
        "1,'=1+1 is what the screen says,Byron",
        '3,"Printer, again",',
    ]


def test_the_wiring_fits_on_a_screen() -> None:
    assert len((HOST_APP / "host_app.py").read_text(encoding="utf-8").splitlines()) < 60


def test_the_hosts_own_test_passes_and_leaves_nothing_on_disk(tmp_path: Path) -> None:
    run(tmp_path, "-B", "-m", "pytest", "-p", "no:cacheprovider", HOST_APP)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "page"), [("host_app.py", "wire-your-tables.md"), ("test_host_app.py", "test-your-application.md")]
)
def test_the_document_shows_the_example_as_it_is(name: str, page: str) -> None:
    source = (HOST_APP / name).read_text(encoding="utf-8")
    assert f"```py\n{source}```\n" in (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")


def on_postgresql(folder: Path, server: str) -> dict[str, str]:
    """The application is asynchronous, the library is not."""
    asynchronous = server.replace("postgresql://", "postgresql+asyncpg://")
    return {"DATABASE_URL": asynchronous, "TICKET_EXPORT_DATABASE_URL": server}


def in_one_file(folder: Path, _server: str) -> dict[str, str]:
    url = f"sqlite:///{folder}/desk.db"
    return {"DATABASE_URL": url, "TICKET_EXPORT_DATABASE_URL": url, "SECRET_KEY": "of the tests"}


def in_a_file_for_each_company(folder: Path, _server: str) -> dict[str, str]:
    tenants = {
        name: {"database_url": f"sqlite:///{folder}/{name}.db", "storage_url": (folder / name).as_uri()}
        for name in ("acme", "globex")
    }
    return {"TENANTS": json.dumps(tenants), "PEOPLE": str(folder / "people.json")}


def in_a_file_of_django(folder: Path, _server: str) -> dict[str, str]:
    return {"SECRET_KEY": "of the tests", "DATABASE_FILE": str(folder / "desk.db")}


#: Each host, and what its settings are.
HOSTS: dict[str, Callable[[Path, str], dict[str, str]]] = {
    "django_desk": in_a_file_of_django,
    "fastapi_orm": on_postgresql,
    "flask_integer_users": in_one_file,
    "multi_tenant": in_a_file_for_each_company,
}
#: The page that shows the wiring of each.
PAGES = {
    "django_desk": "use-with-django.md",
    "fastapi_orm": "use-with-fastapi.md",
    "flask_celery": "use-with-flask.md",
    "flask_integer_users": "use-with-flask.md",
    "multi_tenant": "serve-several-tenants.md",
}


#: Each framework of the web part, and the host that shows it.
WEB_HOSTS = ["django_desk", "fastapi_orm", "flask_integer_users", "multi_tenant"]


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_exports_after_at_most_45_lines_of_wiring(
    name: str, tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    lines = [*wiring_of(name), *(line for line in web_lines_of(name) if line not in wiring_of(name))]
    # With mails and an action of the admin, for which the others have no lines.
    assert_is_short(lines, 40 if name == "django_desk" else 45)
    with postgresql_server.database(migrated=False) as url:
        assert_tests_pass(name, tmp_path, {**HOSTS[name](tmp_path, url), "TICKET_EXPORT_DOWNLOAD_OWN": "true"})


def assert_is_short(wiring: list[str], limit: int = 45) -> None:
    assert 0 < len(wiring) <= limit, "\n".join(wiring)
    assert max(map(len, wiring)) <= 100


def assert_tests_pass(name: str, folder: Path, environment: Mapping[str, str]) -> None:
    environment = {"TICKET_EXPORT_STORAGE_URL": (folder / "exports").as_uri(), **environment}
    if name == "django_desk":
        shown = run(folder, "-B", "-W", "error", EXAMPLES / name / "manage.py", "test", name, environment=environment)
        assert re.search(r"^OK$", shown, re.MULTILINE)
        return
    shown = run(folder, "-B", "-m", "pytest", "-p", "no:cacheprovider", EXAMPLES / name, environment=environment)
    assert " skipped" not in shown


def test_another_job_engine_runs_exports_after_at_most_45_lines(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    assert_is_short(lines_of(ENGINE))
    with postgresql_server.database(migrated=False) as url:
        # On a busy machine a worker may lose its lease, which must not end an export.
        patient = {"TICKET_EXPORT_LEASE_SECONDS": "5", "TICKET_EXPORT_MAX_ATTEMPTS": "100"}
        environment = {"TICKET_EXPORT_DATABASE_URL": url, **patient}
        assert_tests_pass("procrastinate_engine", tmp_path, environment)


def test_a_flask_host_exports_in_its_celery_after_at_most_12_lines_more(tmp_path: Path, valkey: Broker) -> None:
    assert_is_short(wiring_of("flask_celery"), 12)
    environment = {**in_one_file(tmp_path, ""), "TICKET_EXPORT_DOWNLOAD_OWN": "true", "BROKER_URL": valkey.url}
    assert_tests_pass("flask_celery", tmp_path, environment)


def test_the_page_of_the_job_engine_shows_the_whole_example() -> None:
    shown = "".join(block.text for block in blocks(ENGINE_PAGE) if block.marker == "py")
    docstring, *lines = lines_of(ENGINE)
    assert docstring.startswith('"""')
    assert code_lines(shown) == lines
    assert f"has {len(lines) + 1} lines" in ENGINE_PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_only_the_wiring_of_a_host_knows_the_library(name: str) -> None:
    sources = [path for path in (EXAMPLES / name).glob("*.py") if not path.name.startswith("test_")]
    lines = [line for path in sources for line in path.read_text(encoding="utf-8").splitlines()]
    knowing = [line for line in lines if "ticket_export" in line]
    assert knowing
    assert set(knowing) <= set(wiring_of(name))


@pytest.mark.parametrize("name", PAGES)
def test_the_page_of_a_host_shows_its_whole_wiring(name: str) -> None:
    page = (ROOT / "docs" / "how-to" / PAGES[name]).read_text(encoding="utf-8")
    assert [line for line in wiring_of(name) if line not in page.splitlines()] == []


@pytest.mark.parametrize("name", WEB_HOSTS)
def test_pages_api_and_button_take_at_most_10_lines_beyond_current_actor(name: str) -> None:
    lines = web_lines_of(name)
    # In Django, the application has both.
    assert any("current_actor=" in line or "ticket_export.django.urls" in line for line in lines)
    assert any("<ticket-export" in line or "{% export_button" in line for line in lines)
    assert_is_short(lines, 10)


def test_only_the_web_part_of_a_host_knows_its_pages() -> None:
    for name in WEB_HOSTS:
        lines = [line for path in sources_of(name) for line in path.read_text(encoding="utf-8").splitlines()]
        knowing = [line for line in lines if _PAGES_OF_THE_LIBRARY.search(line)]
        assert len(knowing) >= (2 if name == "django_desk" else 4)
        assert set(knowing) <= set(web_lines_of(name))


def sources_of(name: str) -> list[Path]:
    """The modules and templates of a host, without its tests."""
    found = sorted(path for path in (EXAMPLES / name).rglob("*") if path.suffix in {".py", ".html"})
    return [path for path in found if not path.name.startswith("test_")]


def wiring_of(name: str) -> list[str]:
    """The lines of Python between the marks that are neither blank nor a comment."""
    modules = [path for path in sources_of(name) if path.suffix == ".py"]
    return [line for path in modules for line in lines_between(path, (BEGIN, f"# {WEB_BEGIN}"), (END, f"# {WEB_END}"))]


def web_lines_of(name: str) -> list[str]:
    """The lines for the pages, the API and the button alone, and the import of their module."""
    begin, end = (tuple(form.format(mark) for form in ("# {}", "{{# {} #}}")) for mark in (WEB_BEGIN, WEB_END))
    lines = [line for path in sources_of(name) for line in lines_between(path, begin, end)]
    imported = [line for line in wiring_of(name) if line.startswith("from ticket_export.web.")]
    return [*lines, *(line for line in imported if line not in lines)]


def lines_between(path: Path, begin: Sequence[str], end: Sequence[str]) -> list[str]:
    """The lines between any of the marks that are neither blank nor a comment; marks of two kinds may be nested."""
    found: list[str] = []
    depth = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() in begin:
            depth += 1
        elif line.strip() in end:
            depth -= 1
            assert depth >= 0, path
        elif depth:
            found += code_lines(line)
    assert depth == 0, path
    return found


def lines_of(path: Path) -> list[str]:
    return code_lines(path.read_text(encoding="utf-8"))


def code_lines(text: str) -> list[str]:
    """The lines that are neither blank nor a comment."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
