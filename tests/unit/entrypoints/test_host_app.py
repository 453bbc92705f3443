from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.host_app import load_host_app

_MODULE = """
from dependency_injector.containers import DynamicContainer
from ticket_export.container import TicketExportContainer
from ticket_export.infrastructure.memory.audit_log import InMemoryAuditLog

class HostContainer(TicketExportContainer):
    pass

container = HostContainer()
container.audit_log.override(InMemoryAuditLog())
other = DynamicContainer()
number = 7
"""


@pytest.fixture(autouse=True)
def host_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "some_helpdesk.py").write_text(_MODULE)
    (tmp_path / "broken_helpdesk.py").write_text("1 / 0")
    (tmp_path / "miswired_helpdesk.py").write_text(
        "import ticket_export\nticket_export.TicketExportContainer(catalogue=1)"
    )
    (tmp_path / "misset_helpdesk.py").write_text(
        "from ticket_export import Settings\nSettings(retention_hour='secret')"
    )
    (tmp_path / "django_helpdesk.py").write_text(
        "from django.core.exceptions import AppRegistryNotReady\nraise AppRegistryNotReady('secret')"
    )
    (tmp_path / "needy_helpdesk.py").write_text("import no_such_dependency")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.modules.pop("some_helpdesk", None)


def test_an_instance_is_used_as_the_host_made_it() -> None:
    container = load_host_app("some_helpdesk:container")
    assert type(container.audit_log()).__name__ == "InMemoryAuditLog"


def test_a_class_is_made_an_instance() -> None:
    assert load_host_app("some_helpdesk:HostContainer").settings is not TicketExportContainer.settings


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("some_helpdesk", "is not module:attribute"),
        (":container", "is not module:attribute"),
        ("no_such_helpdesk:container", "there is no module 'no_such_helpdesk'"),
        ("some_helpdesk.sub:container", "there is no module 'some_helpdesk.sub'"),
        ("..:x", "cannot be imported"),
        ("some_helpdesk:nothing", "has no 'nothing'"),
        ("some_helpdesk:number", "is a int, not a TicketExportContainer"),
        ("some_helpdesk:other", "is a DynamicContainer, not a TicketExportContainer"),
        ("broken_helpdesk:container", r"cannot be imported: ZeroDivisionError \(ticket-export --debug"),
        ("miswired_helpdesk:container", r"cannot be imported: 'catalogue' .* did you mean catalog\?"),
        ("misset_helpdesk:container", r"cannot be imported: retention_hour: unknown setting; did you mean .*hours\?$"),
        # Another test of this process may have set up Django.
        ("django_helpdesk:container", r"(needs Django's settings; set DJANGO_SETTINGS_MODULE.*|NotReady \(.*where\))$"),
        ("needy_helpdesk:container", "needs 'no_such_dependency'"),
    ],
)
def test_what_is_no_container_is_told_apart(name: str, problem: str) -> None:
    with pytest.raises(BadInputError, match=problem) as refused:
        load_host_app(name)
    assert str(refused.value).startswith("--app: ")
