"""Nobody is logged in: a browser is sent to the login and back, and a program gets a 401."""

from __future__ import annotations

from pathlib import Path

from tests.django.project import DeskProject

_ASK = """
from django.conf import settings
from django.test import Client
settings.LOGIN_URL = "/login"
for accepted in ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json", "*/*", None):
    headers = {} if accepted is None else {"accept": accepted}
    answer = Client().get("/exports/?page=2", headers=headers)
    print(answer.status_code, answer.headers.get("Location"))
"""


def test_browser_is_sent_to_the_login_and_a_program_is_not(tmp_path: Path) -> None:
    project = DeskProject(tmp_path)
    project.manage("migrate", "--verbosity=0")
    first, *others = project.run(_ASK).stdout.splitlines()
    assert first == "302 /login?next=/exports/%3Fpage%3D2"
    assert others == ["401 None"] * 3
