"""A reader who types docs/tutorial/a-store-in-forty-lines.md has a storage that exports are kept in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

from tests.e2e.document_checks import Workshop, check_console
from tests.e2e.documents import ROOT, blocks
from tests.e2e.typed_tutorial import TypingReader
from tests.postgresql_server import PostgresqlServer
from tests.source_lines import code_lines
from tests.stores.azurite import ACCOUNT, ACCOUNT_KEY, AzuriteServer

PAGE = ROOT / "docs" / "tutorial" / "a-store-in-forty-lines.md"
STORAGE = "src/ticket_export_blobs/storage.py"
_PORT = "127.0.0.1:10000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteServer]:
    with AzuriteServer(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, server: AzuriteServer) -> TypingReader:
    # The page's own port may be in use.
    reader = TypingReader(PAGE, tmp_path_factory.mktemp("forty-lines"), {_PORT: f"127.0.0.1:{server.port}"})
    reader.follow()
    return reader


def test_storage_has_at_most_forty_lines_of_code(reader: TypingReader) -> None:
    lines = code_lines(reader.saved[STORAGE])
    assert len(lines) <= 40
    assert f"\nThese are {len(lines)} lines of code, " in PAGE.read_text("utf-8")


def test_contract_suite_passes(reader: TypingReader) -> None:
    (outcome,) = re.findall(r"^(\d+) passed, \d+ skipped in ", reader.printed["python -m pytest -q\n"], re.MULTILINE)
    assert int(outcome) >= 80


def test_suite_notices_links_that_live_too_long(reader: TypingReader) -> None:
    storage = reader.folder / STORAGE
    text = storage.read_text("utf-8")
    storage.write_text(text.replace('"expiry": link.ends', '"expiry": link.ends + link.lifetime'), "utf-8")
    try:
        with pytest.raises(AssertionError, match=r"FAILED .*test_signed_url_is_valid_as_long_as_it_was_asked_for"):
            reader.run("python -m pytest -q -k signed_url")
    finally:
        storage.write_text(text, "utf-8")


def test_exported_file_is_in_the_store(reader: TypingReader, server: AzuriteServer) -> None:
    with ContainerClient(f"http://127.0.0.1:{server.port}/{ACCOUNT}", "exports", ACCOUNT_KEY) as exports:
        found = {name: exports.download_blob(name).readall() for name in exports.list_blob_names()}
    (stored,) = (data for name, data in found.items() if name.endswith(".csv"))
    assert stored == (reader.folder / "tickets.csv").read_bytes()
    assert all(name.startswith("desk/exports/") for name in found)


def test_export_has_the_rows_that_the_page_names(reader: TypingReader) -> None:
    (rows,) = re.findall(r"It has (\d+) rows,", PAGE.read_text("utf-8"))
    assert any(f"\n{rows} rows, " in said for said in reader.printed.values())
    assert (reader.folder / "ticket-export.db").exists()


def test_check_says_that_the_store_is_away(reader: TypingReader, server: AzuriteServer) -> None:
    server.stop()
    try:
        away = r"error: storage: .* the storage cannot be reached \(ServiceRequestError\)\n"
        with pytest.raises(AssertionError, match=away):
            reader.run("ticket-export check")
    finally:
        server.start()


def test_commands_of_terminals_exist(tmp_path: Path, postgresql_server: PostgresqlServer) -> None:
    typed = [block for block in blocks(PAGE) if block.marker == "console"]
    assert typed
    for block in typed:
        check_console(block, Workshop(tmp_path, postgresql_server))
