"""Users of any model of a host have their rights and their exports, whatever the key, the name and the permissions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.django.project import DeskProject


@pytest.mark.parametrize("kind", ["uuid", "text", "email", "bare", "plain"])
def test_users_of_a_hosts_own_model_export(project: DeskProject, kind: str) -> None:
    own = {"DJANGO_SETTINGS_MODULE": "tests.django.users.settings", "DESK_USERS": kind}
    played = subprocess.run(
        [sys.executable, "-m", "tests.django.users.play"],
        env=project.environment | own,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert played.returncode == 0, played.stderr
