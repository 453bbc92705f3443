"""django-import-export's ``ModelResource``: python -m benchmarks.peers.django_export URL FILE."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from sqlalchemy import make_url


def main(url: str, file: str) -> None:
    settings.configure(
        DATABASES={"default": _database(url)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["import_export"],
        USE_TZ=False,
    )
    django.setup()
    # Models can be declared only once Django is set up.
    from benchmarks.peers.django_models import Ticket, TicketResource

    tickets = Ticket.objects.filter(is_deleted=False).order_by("-creation_time", "-id")
    tickets = tickets.select_related("contact", "assignee", "team")
    Path(file).write_text(TicketResource().export(tickets).csv, encoding="utf-8")


def _database(url: str) -> dict[str, object]:
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parsed.database}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parsed.database,
        "USER": parsed.username or "",
        "PASSWORD": parsed.password or "",
        "HOST": parsed.query.get("host", parsed.host or ""),
        "PORT": parsed.query.get("port", parsed.port or ""),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
