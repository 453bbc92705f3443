"""What the tests do with a code block, by its marker. ``CONTRIBUTING.md`` tells authors of pages."""

from __future__ import annotations

import configparser
import json
import pkgutil
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Final

import attrs
import psycopg
import yaml
from babel.messages.pofile import read_po
from jinja2 import Environment

from tests.django.project import DeskProject
from tests.e2e.command_line import clean_environment, run_command
from tests.e2e.documents import ROOT, Block, blocks
from tests.postgresql_server import PostgresqlServer, conninfo
from ticket_export.application.view.read_view import read_view
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES
from ticket_export.settings import Settings

#: What a person types that no test can run, since it is somebody else's program; only its syntax is checked.
OTHER_PROGRAMS: Final = {
    *(
        ".",
        "aws",
        "az",
        "azurite-blob",
        "cd",
        "celery",
        "chgrp",
        "chmod",
        "flask",
        "mc",
        "mkdir",
        "npm",
        "pip",
        "psql",
        "python3",
        "ssh-keyscan",
    ),
    *("curl", "docker", "gcloud", "gunicorn", "journalctl", "kubectl", "procrastinate", "systemctl", "uvicorn"),
}
_PAGES: Final = ROOT / "src" / "ticket_export" / "entrypoints" / "web" / "pages"
_VARIABLE = re.compile(r"\bTICKET_EXPORT_[A-Z0-9_]+")


@attrs.frozen
class Workshop:
    """What a check may use: an empty folder, and a database server."""

    folder: Path
    postgresql: PostgresqlServer

    def run(self, *command: str | Path) -> str:
        """A program in the folder, with the package's commands on the path."""
        environment = {**clean_environment(), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        ran = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


def run_python(block: Block, workshop: Workshop) -> str:
    """A whole program, or a whole module of tests."""
    if not re.search(r"^(def test_|class Test)", block.text, flags=re.MULTILINE):
        return workshop.run(sys.executable, "-c", block.text)
    (workshop.folder / "test_shown.py").write_text(block.text, encoding="utf-8")
    return workshop.run(sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", ".")


def find_fragment(block: Block, workshop: Workshop) -> None:
    """A fragment stands word for word in an example, which `test_examples` runs."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.py"))
    assert any(block.text in source for source in sources), "it stands in no file below examples/"


def run_example(block: Block, workshop: Workshop) -> str:
    """Run the example that the fragment shows as a whole."""
    (program,) = (path for path in (ROOT / "examples").rglob("*.py") if path.read_text(encoding="utf-8") == block.text)
    return workshop.run(sys.executable, program)


def run_shell(block: Block, workshop: Workshop) -> str:
    """Commands, as they stand."""
    return workshop.run("sh", "-c", "set -e\n" + block.text)


def check_console(block: Block, workshop: Workshop) -> None:
    """What a person types at ``$``, where a test cannot: every command and option of ours exists."""
    lines = block.text.replace("\\\n", "").splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert commands, "a line that somebody types begins with `$ `"
    workshop.run("sh", "-n", "-c", "\n".join(commands))
    for command in commands:
        words = shlex.split(command, comments=True)
        # Variables that are set for this one command come first.
        program, *arguments = dropwhile(lambda word: re.fullmatch(r"[A-Z_]+=.*", word), words)
        if program == "ticket-export":
            _check_command_line(arguments)
        elif program == "python" and arguments[:1] == ["manage.py"]:
            _check_management_command(arguments[1:])
        elif program == "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(arguments[0])}:", makefile, flags=re.MULTILINE)
        else:
            assert program in OTHER_PROGRAMS, f"nobody knows whether there is a program {program}"


def run_sql(block: Block, workshop: Workshop) -> None:
    """Statements that PostgreSQL runs on the library's schemas; an index that is there already is made anew."""
    with (
        workshop.postgresql.database() as url,
        psycopg.connect(conninfo(url), autocommit=True) as connection,
    ):
        for name in re.findall(r'CREATE INDEX ("\w+")', block.text):
            connection.execute(f"DROP INDEX IF EXISTS {name}".encode())
        connection.execute(block.text.encode())


def check_json(block: Block, workshop: Workshop) -> None:
    """JSON; what has columns and is no manifest is a view that the reference catalog can export."""
    document = json.loads(block.text)
    if "columns" in document and "sha256" not in document:
        read_view(document, reference_catalog(REFERENCE_TABLES).describe())


def check_ini(block: Block, workshop: Workshop) -> None:
    """A file of settings, or of systemd's; every command of ours in it exists."""
    text = block.text if block.text.lstrip().startswith("[") else f"[environment]\n{block.text}"
    configparser.ConfigParser(interpolation=None, strict=False).read_string(text)
    whole = block.text.replace("\\\n", "")
    for command in re.findall(r"^ExecStart=\S*/ticket-export (.*)$", whole, flags=re.MULTILINE):
        _check_command_line(shlex.split(command))


def find_html(block: Block, workshop: Workshop) -> None:
    """Find a fragment word for word in a template of an example, or check each block or macro that it overrides."""
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.html")]
    if any(block.text in page for page in pages):
        return
    ((what, name, rest),) = re.findall(
        r'^{% (extends|import) "ticket-export/(.+?)" .*?%}\n(.*)', block.text, flags=re.DOTALL
    )
    shipped = (_PAGES / "templates" / name).read_text(encoding="utf-8")
    if what == "import":
        # Whoever imports the new file finds nothing else in it.
        assert set(re.findall(r"^{% (?:macro|set) (\w+)", rest, flags=re.MULTILINE)) == set(
            re.findall(r"^{% macro (\w+)", shipped, flags=re.MULTILINE)
        )
    else:
        overridden = set(re.findall(r"{% block (\w+) %}", rest))
        assert overridden
        assert overridden <= set(re.findall(r"{% block (\w+)", shipped))
    Environment(autoescape=True).parse(block.text)


def check_css(block: Block, workshop: Workshop) -> None:
    """Check that each property of the pages, and each part of the element, exists."""
    sheet, script = (
        (_PAGES / "static" / f"ticket-export.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    properties, parts = set(re.findall(r"--te-[\w-]+", block.text)), set(re.findall(r"::part\((\w+)\)", block.text))
    assert properties | parts
    assert properties <= set(re.findall(r"--te-[\w-]+", sheet))
    assert parts <= set(re.findall(r'part: "(\w+)"', script))


def check_js(block: Block, workshop: Workshop) -> None:
    """Check that the events of the element that the page names are those that the script sends."""
    script = (_PAGES / "static" / "ticket-export.js").read_text(encoding="utf-8")
    events = set(re.findall(r"ticket-export:(\w+)", block.text))
    assert events
    assert events <= set(re.findall(r'"(\w+)"', "".join(re.findall(r"tell\(.+\)", script))))


def check_po(block: Block, workshop: Workshop) -> None:
    """Check that the pages have each text that is translated."""
    texts = {
        message.id
        for message in read_po((_PAGES / "languages" / "de.po").read_text(encoding="utf-8").splitlines())
        if message.id
    }
    translated = {message.id for message in read_po(block.text.splitlines(), abort_invalid=True) if message.id}
    assert translated
    assert translated <= texts


def check_toml(block: Block, workshop: Workshop) -> None:
    """TOML."""
    tomllib.loads(block.text)


def check_yaml(block: Block, workshop: Workshop) -> None:
    """YAML, one document or several, with no empty one; the arguments of a container are a command of ours."""
    documents = list(yaml.safe_load_all(block.text))
    assert all(documents)
    for arguments in _lists(documents, "args"):
        _check_command_line([str(each) for each in arguments])


def _lists(node: object, key: str) -> Iterator[list[object]]:
    match node:
        case dict():
            yield from (value for name, value in node.items() if name == key and isinstance(value, list))
            yield from (found for value in node.values() for found in _lists(value, key))
        case list():
            yield from (found for value in node for found in _lists(value, key))


_INSTRUCTIONS = {"CMD", "COPY", "ENTRYPOINT", "FROM", "HEALTHCHECK", "RUN", "USER", "WORKDIR"}


def check_dockerfile(block: Block, workshop: Workshop) -> None:
    """Instructions that exist, and a command of ours, started without a shell, which would keep the signals."""
    lines = [line.split(maxsplit=1) for line in block.text.replace("\\\n", "").splitlines() if line]
    assert {name for name, _ in lines} <= _INSTRUCTIONS
    started = [json.loads(text) for name, text in lines if name in {"ENTRYPOINT", "CMD"}]
    program, *arguments = (str(word) for words in started for word in words)
    assert program == "ticket-export"
    _check_command_line(arguments)


def check_toctree(block: Block, workshop: Workshop) -> None:
    """Check that every line of a table of contents names pages that exist."""
    entries = [line for line in block.text.splitlines() if line and not line.startswith(":")]
    assert entries
    for entry in entries:
        assert list(block.page.parent.glob(f"{entry}.md")), f"there is no page {entry}"


def check_autodoc(block: Block, workshop: Workshop) -> None:
    """Check that the module or class whose docstrings Sphinx shows exists."""
    ((kind, name),) = re.findall(r"^\.\. auto(module|class):: (\S+)$", block.text, flags=re.MULTILINE)
    assert pkgutil.resolve_name(name) is not None
    assert kind == "class" or block.page.read_text(encoding="utf-8").startswith(f"# {name}\n")


def check_mermaid(block: Block, workshop: Workshop) -> None:
    """A flow chart: every subgraph ends, and every arrow leads between what is drawn."""
    kind, *lines = (line.strip() for line in block.text.splitlines())
    assert kind in {"flowchart TD", "flowchart LR"}
    assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end")
    drawn = set(re.findall(r"(\w+)\[", block.text))
    arrows = [re.split(r" (?:-- [\w ]+ )?--> ", line) for line in lines if "-->" in line]
    assert {end for arrow in arrows for end in arrow} <= drawn


def check_output(block: Block, workshop: Workshop) -> None:
    """What the block before it prints."""
    before = [each for each in blocks(block.page) if each.line < block.line][-1]
    assert before.marker in PRINTING, f"{before} prints nothing"
    assert block.text in PRINTING[before.marker](before, workshop)


PRINTING: Final[dict[str, Callable[[Block, Workshop], str]]] = {
    "py": run_example,
    "python": run_python,
    "sh": run_shell,
}
CHECKS: Final[dict[str, Callable[[Block, Workshop], object]]] = {
    **PRINTING,
    "{eval-rst}": check_autodoc,
    "{toctree}": check_toctree,
    "console": check_console,
    "css": check_css,
    "dockerfile": check_dockerfile,
    "html": find_html,
    "ini": check_ini,
    "js": check_js,
    "json": check_json,
    "mermaid": check_mermaid,
    "po": check_po,
    "py": find_fragment,
    "sql": run_sql,
    "text": check_output,
    "toml": check_toml,
    "yaml": check_yaml,
}


def unknown_variables(text: str) -> set[str]:
    """The variables that the text names and that set nothing; one that ends in ``_`` stands for several."""
    known = {f"TICKET_EXPORT_{name.upper()}" for name in Settings.model_fields}
    # It names code to run, so it is no field of `Settings`.
    known.add("TICKET_EXPORT_APP")
    # Read by the tests alone.
    known |= {f"TICKET_EXPORT_TEST_{name}" for name in ("PICTURES", "POSTGRES_URL", "REQUIRE")}
    named = set(_VARIABLE.findall(text)) - known
    return {name for name in named if not (name.endswith("_") and any(each.startswith(name) for each in known))}


def _check_command_line(arguments: list[str]) -> None:
    while arguments[0] in {"--app", "--log-format"}:
        arguments = arguments[2:]
    command, *options = arguments
    usage = run_command(command, "--help")
    assert usage.exit_code == 0, f"there is no command {command}"
    for option in (each.partition("=")[0] for each in options if each.startswith("--")):
        assert option in usage.text, f"{command} has no option {option}"


def _check_management_command(arguments: list[str]) -> None:
    command, *options = arguments
    with tempfile.TemporaryDirectory() as folder:
        shown = DeskProject(Path(folder)).manage(command, "--help").stdout
    for option in (each.partition("=")[0] for each in options if each.startswith("--")):
        assert option in shown, f"manage.py {command} has no option {option}"
