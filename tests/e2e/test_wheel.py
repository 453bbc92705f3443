"""What is published: it builds, an index would take it, and it works with nothing but what it requires."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.e2e.empty_environment import Environment, install_alone, pip

ROOT = Path(__file__).parents[2]
SOURCES = ["src", "tests", "docs", "examples", "benchmarks", "pyproject.toml", "README.md", "LICENSE"]
SOURCES += ["CHANGELOG.md", "CONTRIBUTING.md", "constraints.txt", "Makefile"]

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and source distribution, built from a copy, so that the sources stay as they are."""
    copy, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, copy / name)
    run("build", "--no-isolation", "--sdist", "--wheel", "--outdir", folder, copy)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel in an environment without any extra."""
    return install_alone(wheel, tmp_path_factory.mktemp("alone") / "venv")


def run(module: str, *arguments: str | Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, timeout=240
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_an_index_would_take_wheel_and_source_distribution(built: Path) -> None:
    files = sorted(built.iterdir())
    assert [file.name.partition("-")[0] for file in files] == ["ticket_export"] * 2
    assert run("twine", "check", "--strict", *files).count("PASSED") == 2


def test_wheel_holds_the_package_whole_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "src" / "ticket_export"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {f"ticket_export/{path.relative_to(package).as_posix()}" for path in files}
    assert {
        "ticket_export/py.typed",
        "ticket_export/testing/storage.py",
        "ticket_export/testing/tickets/ticket_source.py",
        "ticket_export/infrastructure/persistence/migrations/env.py",
        "ticket_export/infrastructure/persistence/migrations/export_jobs/add_export_jobs.py",
        "ticket_export/entrypoints/django/management/commands/export_worker.py",
        "ticket_export/entrypoints/django/migrations/0001_initial.py",
        "ticket_export/entrypoints/django/templates/admin/ticket_export/export_tickets.html",
        "ticket_export/entrypoints/django/templatetags/ticket_export.py",
    } <= expected
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_wheel_names_its_storages_its_command_and_its_license(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        entry_points = archive.read(path).decode()
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert "[console_scripts]\nticket-export = ticket_export.entrypoints.cli.main:main\n" in entry_points
    storages = entry_points.partition("[ticket_export.storage]\n")[2].partition("\n\n")[0]
    assert [line.partition(" = ")[0] for line in storages.splitlines()] == ["azure", "file", "gs", "s3"]


def test_source_distribution_can_be_tested_and_built_from(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "constraints.txt", "tests/e2e/test_wheel.py"} <= names
    assert {name.partition("/")[0] for name in names} <= {*SOURCES, "PKG-INFO", ".gitignore"}


def test_wheel_needs_nothing_beyond_what_it_requires(alone: Environment, tmp_path: Path) -> None:
    assert "No broken requirements found" in pip(alone, "check")
    extras = ["boto3", "botocore", "azure", "google", "psycopg", "backports", "celery", "fastapi"]
    extras += ["pytest", "hypothesis", "moto"]
    looked_for = f"import importlib.util as u; print([n for n in {extras} if u.find_spec(n)])"
    assert alone.run("python", "-c", looked_for, folder=tmp_path).text == "[]\n"
    imported = alone.run("python", "-W", "error", "-c", "import ticket_export as t; print(t.__file__)", folder=tmp_path)
    assert imported.exit_code == 0, imported.err
    assert Path(imported.text.strip()).is_relative_to(alone.site_packages)


def test_demo_runs_without_any_extra(alone: Environment, tmp_path: Path) -> None:
    ended = alone.run("ticket-export", "demo", "--tickets", "50", folder=tmp_path)
    assert ended.exit_code == 0, ended.err
    assert list((tmp_path / "ticket-export-demo").rglob("*.csv"))


@pytest.mark.parametrize(
    ("variable", "value", "command", "extra"),
    [
        ("TICKET_EXPORT_STORAGE_URL", "s3://bucket/x", ["worker", "--drain"], "s3"),
        ("TICKET_EXPORT_DATABASE_URL", "postgresql://nobody@127.0.0.1/none", ["migrate"], "postgres"),
        pytest.param(
            "TICKET_EXPORT_COMPRESSION",
            "zstd",
            ["worker", "--drain"],
            "zstd",
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python itself has zstd"),
        ),
    ],
)
def test_setting_that_needs_an_extra_says_which_in_one_line(
    alone: Environment, tmp_path: Path, variable: str, value: str, command: list[str], extra: str
) -> None:
    assert alone.run("ticket-export", "migrate", "--reference-schema", folder=tmp_path).exit_code == 0
    ended = alone.run("ticket-export", *command, folder=tmp_path, settings={variable: value})
    assert ended.exit_code == 2
    (problem,) = ended.err.splitlines()
    assert f"pip install 'ticket-export[{extra}]'" in problem


def test_testing_kit_without_its_extra_says_which(alone: Environment, tmp_path: Path) -> None:
    ended = alone.run("python", "-c", "from ticket_export.testing import StorageContract", folder=tmp_path)
    assert ended.exit_code == 1
    assert "pip install 'ticket-export[testing]'" in ended.err.splitlines()[-1]
