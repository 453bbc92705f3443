"""Which URLs are a local storage."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.settings import Settings


@pytest.mark.parametrize("folder", ["exports", "with space", "50% #1?", "~", "ünïcode"])
@pytest.mark.parametrize("host", ["", "localhost", "LocalHost"])
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


@pytest.mark.parametrize("folder", ["exports", "with space", "50% #1?", "~", "ünïcode"])
def test_place_is_the_url_of_the_folder(tmp_path: Path, folder: str) -> None:
    place = LocalStorage(tmp_path / folder).place
    assert place == (tmp_path / folder).as_uri()
    assert LocalStorage.from_url(place, Settings()).place == place


@pytest.mark.parametrize(
    "spelled", ["{root}/", "/{root}", "{root}/.", "{root}/../exports", "{root}//", "{link}/exports"]
)
def test_every_spelling_of_a_folder_is_the_same_place(tmp_path: Path, spelled: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    path = spelled.format(root=tmp_path / "exports", link=tmp_path / "link")
    assert LocalStorage.from_url(f"file://{path}", Settings()).place == (tmp_path / "exports").as_uri()


def test_place_of_a_link_is_where_it_leads_now(tmp_path: Path) -> None:
    root = tmp_path / "current"
    storage = LocalStorage(root)
    root.symlink_to(tmp_path / "first")
    assert storage.place == (tmp_path / "first").as_uri()
    root.unlink()
    root.symlink_to(tmp_path / "second")
    assert storage.place == (tmp_path / "second").as_uri()


def test_place_of_a_link_to_itself_is_its_own_url(tmp_path: Path) -> None:
    root = tmp_path / "loop"
    root.symlink_to(root)
    assert LocalStorage(root).place == root.as_uri()
