"""The help desk of the three hosts: the reference schema, a login by name, and a list of tickets with the button."""

from __future__ import annotations

import json
import os
from html import escape
from pathlib import Path
from typing import Final

import attrs
from sqlalchemy import func, select

from tests.web.hosts.watched_storage import WatchedStorage
from ticket_export import Actor, TicketExportContainer

#: The cookie, or the header, that names the user's e-mail address. There is no password.
COOKIE: Final = "desk_user"
HEADER: Final = "x-desk-user"
#: Where each host mounts the exports.
ROOT: Final = os.environ.get("DESK_ROOT", "/exports")
#: The options of the exports: a language for all users, and folders of languages and templates.
LANGUAGE: Final = os.environ.get("DESK_LANGUAGE")
LANGUAGES: Final = Path(os.environ["DESK_LANGUAGES"]) if "DESK_LANGUAGES" in os.environ else None
TEMPLATES: Final = Path(os.environ["DESK_TEMPLATES"]) if "DESK_TEMPLATES" in os.environ else None
#: Users of this name are sent to the login page; those without a name get the answer of the library.
SIGNED_OUT: Final = "signed-out"
LOGIN: Final = "/login"
LOGIN_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in</title></head><body><main><h1>Log in</h1></main></body></html>
"""
VIEW: Final = {
    "columns": ["id", "title", "status", "creationTime"],
    "filters": [{"field": "status", "operator": "is_any_of", "value": "new, open"}],
    "sortField": "id",
    "sortDirection": "desc",
}

container = TicketExportContainer()
if "DESK_LONG_LABELS" in os.environ:
    catalog = container.catalog()
    columns = [
        attrs.evolve(each, column=attrs.evolve(each.column, label=each.column.label[0] * 200))
        for each in catalog.columns
    ]
    container.catalog.override(attrs.evolve(catalog, columns=columns))
if "DESK_WATCH" in os.environ:
    container.storage.override(WatchedStorage(container.storage(), Path(os.environ["DESK_WATCH"])))


def actor_named(name: str | None) -> Actor | None:
    """The user of that e-mail address."""
    return container.user_directory().find_by_email(name) if name else None


def list_page() -> str:
    """The host's own page, which knows the library only by the address of its script."""
    tickets = container.tables().tickets
    with container.engine().connect() as connection:
        count = connection.execute(select(func.count()).select_from(tickets)).scalar_one()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tickets</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<script type="module" src="{ROOT}/static/ticket-export.js"></script></head>
<body><main><h1>Tickets</h1><p>{count} tickets</p>
<ticket-export view="{escape(json.dumps(VIEW))}"><a href="{ROOT}/new">Export</a></ticket-export>
</main></body></html>"""
