"""A reader asks Google for one version of an object. The server of the tests gives the newest one to all readers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.stores.fake_gcs import GcsPlace
from ticket_export.testing.storage import KEY, read, write


def test_reader_asks_for_every_part_of_the_version_that_it_has_opened(
    gcs_place: GcsPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = gcs_place.storage()
    write(storage, KEY, *[bytes(1_000_000)] * 12)
    asked: list[str] = []
    request = requests.Session.request

    def watched(session: requests.Session, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        asked.append(url)
        return request(session, method, url, *arguments, **options)

    monkeypatch.setattr(requests.Session, "request", watched)
    assert len(read(storage, KEY)) == 12_000_000
    parts = [query for query in (parse_qs(urlsplit(url).query) for url in asked) if query.get("alt") == ["media"]]
    assert len(parts) >= 2
    assert len({query["ifGenerationMatch"][0] for query in parts}) == 1
