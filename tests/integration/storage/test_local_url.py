"""Which URLs are a local storage."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.settings import Settings


@pytest.mark.parametrize("folder", ["exports", "with space", "50% #1?", "~", "ünïcode"])
@pytest.mark.parametrize("host", ["", "localhost"])
def test_absolute_file_url_names_its_folder(tmp_path: Path, folder: str, host: str) -> None:
    url = (tmp_path / folder).as_uri().replace("file://", f"file://{host}")
    with LocalStorage.from_url(url, Settings()).open_writer("tickets.csv", "text/csv") as writer:
        writer.write(b"whole")
    assert (tmp_path / folder / "tickets.csv").read_bytes() == b"whole"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "exports",
        "./exports",
        "/srv/exports",
        "file:exports",
        "file:",
        "file://",
        "file://exports",
        "file://server/share",
        "file:///srv/exports?mode=ro",
        "file:///srv/exports#part",
        "file:///srv/%00",
        "file://[",
        "s3://bucket/prefix",
    ],
)
def test_other_urls_are_refused_with_what_would_be_right(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use file:///an/absolute/folder"):
        LocalStorage.from_url(url, Settings())
