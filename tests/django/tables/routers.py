"""Routers as hosts have them."""

from __future__ import annotations

from typing import Any


class ExportsInOther:
    """Keeps the tables of exports in the database ``other``, and everything else out of it."""

    def db_for_read(self, model: Any, **_: object) -> str | None:
        return "other" if model._meta.app_label == "ticket_export" else None

    db_for_write = db_for_read

    def allow_relation(self, first: object, second: object, **_: object) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool:
        return (db == "other") is (app_label == "ticket_export")


class EverythingInBoth(ExportsInOther):
    """Has the users in both databases, as a host with a copy of them has."""

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool:
        return db == "other" or app_label != "ticket_export"
