"""What a host sees that imports a binding without its extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

EXTRAS = ("fastapi", "flask", "django")


def imported(module: str, *, without: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.modules[{without!r}] = None; import {module}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("missing", ["itself", "jinja2", "babel"])
def test_binding_without_its_extra_names_the_extra(extra: str, missing: str) -> None:
    ran = imported(f"ticket_export.web.{extra}", without=extra if missing == "itself" else missing)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        f"ticket_export.errors.MissingExtraError: ticket_export.web.{extra} needs an optional dependency: "
        f"pip install 'ticket-export[{extra}]'"
    )


@pytest.mark.parametrize("extra", EXTRAS)
def test_binding_needs_only_its_own_framework(extra: str) -> None:
    others = [each for each in EXTRAS if each != extra]
    program = f"import sys; sys.modules.update(dict.fromkeys({others!r})); import ticket_export.web.{extra}"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
