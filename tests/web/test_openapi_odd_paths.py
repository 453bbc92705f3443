"""Paths that frameworks would refuse themselves reach the API, so that every malformed id has the same answer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.web.conftest import make_desk
from tests.web.servers import COMMANDS, served


@pytest.mark.parametrize("server", COMMANDS)
def test_id_with_a_line_feed_is_answered_like_every_id_that_is_none(server: str, tmp_path: Path) -> None:
    desk = make_desk(tmp_path, tickets=5)
    with served(server, desk.environment) as url:
        bodies = [
            _refused(f"{url}/exports/{path}")
            for path in ["none/file", "a%0Ab/file", "%0A/file", "a%0A", "a%0Db", "a%00b/file"]
        ]
    assert bodies[0]["code"] == "not-found"
    assert all(body == bodies[0] for body in bodies)


def _refused(url: str) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"X-Desk-User": "admin@example.test"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    with refused.value as answer:
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, object] = json.load(answer)
    return problem
