"""Every code block of every page is run, or checked by what it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.document_checks import CHECKS, Workshop, run_python, unknown_variables
from tests.e2e.documents import PAGES, ROOT, Block, blocks
from tests.postgresql_server import PostgresqlServer

#: Pages that another test follows from top to bottom, since each block needs what those before it have left.
FOLLOWED = {
    "docs/how-to/add-a-file-format.md": "tests/e2e/test_format_plugin.py",
    "docs/tutorial/a-store-in-forty-lines.md": "tests/e2e/test_store_tutorial.py",
    "docs/tutorial/django.md": "tests/django/test_tutorial.py",
    "docs/tutorial/file-systems.md": "tests/e2e/test_storage_plugin.py",
    "docs/tutorial/first-export.md": "tests/e2e/test_tutorial.py",
}
#: What the README shows first is run by `test_readme`, which looks at what comes out.
_README = ROOT / "README.md"
_TESTING = ROOT / "docs" / "how-to" / "test-your-application.md"
_SINGLE = [page for page in PAGES if page.relative_to(ROOT).as_posix() not in FOLLOWED]

# Fails the test that opens a file for writing, a database or a connection, while it is called.
_NEITHER_DATABASE_NOR_DISK = """
import sys
import pytest

watching = False


def refuse(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and not set(arguments[1]).isdisjoint("wax+")
    if watching and (writes or event in {"sqlite3.connect", "socket.connect", "os.mkdir"}):
        raise AssertionError(f"{event} {arguments}")


sys.addaudithook(refuse)


@pytest.fixture(autouse=True)
def watched():
    global watching
    watching = True
    yield
    watching = False
"""


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def workshop(tmp_path: Path, postgresql_server: PostgresqlServer) -> Workshop:
    return Workshop(tmp_path, postgresql_server)


def _to_check() -> Iterator[Block]:
    """Each block of the pages on their own, but for those that another test runs."""
    for page in _SINGLE:
        for block, following in pairwise([*blocks(page), None]):
            # The check of an output runs the block before it.
            is_run_for_its_output = following is not None and following.marker == "text"
            if block and not is_run_for_its_output and not (page == _README and block.marker in {"python", "sh"}):
                yield block


@pytest.mark.parametrize("block", tuple(_to_check()), ids=str)
def test_block_does_what_its_marker_promises(block: Block, workshop: Workshop) -> None:
    assert block.marker in CHECKS, f"nothing runs {block}; CONTRIBUTING.md has the markers: {', '.join(CHECKS)}"
    CHECKS[block.marker](block, workshop)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in _SINGLE], ids=page_id)
def test_page_that_is_followed_has_its_test(page: Path) -> None:
    assert page.name in (ROOT / FOLLOWED[page.relative_to(ROOT).as_posix()]).read_text(encoding="utf-8")


def test_example_of_a_test_needs_neither_database_nor_disk(workshop: Workshop) -> None:
    example = blocks(_TESTING)[0]
    assert "container.storage.override(InMemoryStorage())" in example.text
    (workshop.folder / "conftest.py").write_text(_NEITHER_DATABASE_NOR_DISK, encoding="utf-8")
    assert "2 passed" in run_python(example, workshop)
    assert {path.name for path in workshop.folder.iterdir()} == {"conftest.py", "test_shown.py"}


def test_example_that_writes_to_the_disk_would_be_noticed(workshop: Workshop) -> None:
    imported = "from ticket_export.infrastructure.storage.local.storage import LocalStorage\n"
    text = imported + blocks(_TESTING)[0].text.replace(
        "override(InMemoryStorage())",
        'override(LocalStorage(__import__("pathlib").Path()))',
    )
    (workshop.folder / "conftest.py").write_text(_NEITHER_DATABASE_NOR_DISK, encoding="utf-8")
    with pytest.raises(AssertionError):
        run_python(Block(_TESTING, 1, "python", text), workshop)


# A plugin has variables of its own.
@pytest.mark.parametrize("page", _SINGLE, ids=page_id)
def test_every_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    assert unknown_variables(page.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("python", "raise SystemExit(1)\n"),
        ("python", "def test_shown() -> None:\n    assert False\n"),
        ("py", "container.of_nobody()\n"),
        ("sh", "ticket-export nothing\n"),
        ("console", "$ make nothing\n"),
        ("console", "$ ticket-export worker --nothing\n"),
        ("console", "$ python manage.py nothing\n"),
        ("console", "$ python manage.py migrate --nothing\n"),
        ("console", "$ of-nobody\n"),
        ("sql", 'SELECT 1 FROM "Nothing";\n'),
        ("json", '{"columns": ["nothing"]}\n'),
        ("yaml", "groups:\n  - name: exports\n rules: []\n"),
        ("yaml", "groups: []\n---\n"),
        ("ini", "[Service]\nno setting\n"),
        ("ini", "[Service]\nExecStart=/srv/bin/ticket-export nothing\n"),
        ("toml", "nothing\n"),
        ("yaml", "spec:\n  containers:\n    - args: [worker, --nothing]\n"),
        ("dockerfile", 'FROM x\nNOTHING y\nCMD ["ticket-export", "worker"]\n'),
        ("dockerfile", 'FROM x\nENTRYPOINT ["ticket-export"]\nCMD ["nothing"]\n'),
        ("dockerfile", "FROM x\nCMD ticket-export worker\n"),
        ("{toctree}", ":glob:\n\nnothing/*\n"),
        ("{eval-rst}", ".. automodule:: ticket_export.nothing\n"),
        ("html", "<ticket-export></ticket-export>\n"),
        ("html", '{% extends "ticket-export/base.html" %}\n{% block nothing %}{% endblock %}\n'),
        ("css", ":root {\n  --te-nothing: red;\n}\n"),
        ("js", 'button.addEventListener("ticket-export:nothing", done);\n'),
        ("po", 'msgid "Nothing of the kind"\nmsgstr "Nichts dergleichen"\n'),
        ("mermaid", "flowchart TD\n    a[one] --> b\n"),
        ("text", "nothing of the kind\n"),
    ],
)
def test_check_notices_a_block_that_is_wrong(marker: str, text: str, workshop: Workshop) -> None:
    page = workshop.folder / "page.md"
    page.write_text('```python\nprint("something")\n```\n', encoding="utf-8")
    with pytest.raises(Exception):  # noqa: B017, PT011 - each check has an error of its own
        CHECKS[marker](Block(page, 5, marker, text), workshop)


def test_output_is_that_of_the_block_before_it(workshop: Workshop) -> None:
    page = workshop.folder / "page.md"
    page.write_text('```python\nprint("something")\n```\n', encoding="utf-8")
    CHECKS["text"](Block(page, 5, "text", "something\n"), workshop)


def test_variable_that_sets_nothing_is_noticed() -> None:
    named = "TICKET_EXPORT_STORAGE_URL, TICKET_EXPORT_S3_ and TICKET_EXPORT_STORE_URL"
    assert unknown_variables(named) == {"TICKET_EXPORT_STORE_URL"}


def test_blocks_are_found_wherever_they_stand(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n    indented\n\n- item\n\n    of the item\n\n  ```sh\n  true\n  ```\n\n```\nunmarked\n```\n\ntext\n",
        encoding="utf-8",
    )
    assert [(block.line, block.marker, block.text) for block in blocks(page)] == [
        (3, "indented", "    indented\n"),
        (9, "sh", "true\n"),
        (13, "", "unmarked\n"),
    ]
