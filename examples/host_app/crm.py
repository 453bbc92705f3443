"""A host without exports: a CRM with people and cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

ADA = UUID("6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11")

metadata = sa.MetaData()
people = sa.Table(
    "crm_people",
    metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("given", "family", "mail")),
    *(sa.Column(name, sa.Boolean, nullable=False) for name in ("is_boss", "works_here", "may_export")),
)
cases = sa.Table(
    "crm_cases",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("subject", "state")),
    sa.Column("owner_id", sa.Uuid, sa.ForeignKey(people.c.person_id)),
    sa.Column("opened_at", sa.DateTime, nullable=False),  # UTC
    sa.Column("gone_at", sa.DateTime),  # UTC; NULL while the case is not deleted
)


def fill(engine: sa.Engine) -> None:
    """Create the tables, one person, and three cases, one of them deleted."""
    metadata.create_all(engine)
    opened = (datetime.now(UTC) - timedelta(days=7)).replace(tzinfo=None)
    rights = {"is_boss": True, "works_here": True, "may_export": True}
    ada = {"person_id": ADA, "given": "Ada", "family": "Byron", "mail": "ada@example.test", **rights}
    case = {"state": "open", "owner_id": ADA, "opened_at": opened, "gone_at": None}
    with engine.begin() as connection:
        connection.execute(sa.insert(people), [ada])
        connection.execute(
            sa.insert(cases),
            [
                {**case, "number": 1, "subject": "=1+1 is what the screen says"},
                {**case, "number": 2, "subject": "Deleted", "gone_at": opened},
                {**case, "number": 3, "subject": "Printer, again", "state": "done", "owner_id": None},
            ],
        )
