"""The help desk without exports: a database for each company, and users who live elsewhere."""

import json
import os
from pathlib import Path
from typing import Annotated, TypedDict

import attrs
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, create_engine, select


class Tenant(TypedDict):
    database_url: str
    storage_url: str


# {"acme": {"database_url": "sqlite:////srv/acme/desk.db", "storage_url": "file:///srv/acme/exports"}}
TENANTS: dict[str, Tenant] = json.loads(os.environ["TENANTS"])
engines = {name: create_engine(tenant["database_url"]) for name, tenant in TENANTS.items()}
app = FastAPI()
templates = Jinja2Templates(Path(__file__).with_name("templates"))

metadata = MetaData()
tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("title", "team", "customer")),
    Column("opened_at", DateTime, nullable=False),  # UTC
)


@attrs.frozen
class Person:
    """What the identity provider says about someone."""

    id: str
    tenant: str
    teams: tuple[str, ...] = attrs.field(converter=tuple[str, ...])
    is_manager: bool = False


def find_person(person_id: str) -> Person | None:
    """Ask the identity provider. Here it is a file; it could be LDAP, or a call over HTTP."""
    people = json.loads(Path(os.environ["PEOPLE"]).read_text(encoding="utf-8"))
    return Person(person_id, **people[person_id]) if person_id in people else None


def current_person(x_forwarded_user: Annotated[str, Header()]) -> Person:
    """Return the person whose id the proxy, which signs people in, has put into the header."""
    person = find_person(x_forwarded_user)
    if person is None:
        raise HTTPException(403)
    return person


CurrentPerson = Annotated[Person, Depends(current_person)]


@app.get("/tickets")
def list_tickets(request: Request, person: CurrentPerson) -> HTMLResponse:
    titles = select(tickets.c.title).order_by(tickets.c.id)
    shown = titles if person.is_manager else titles.where(tickets.c.team.in_(person.teams))
    with engines[person.tenant].connect() as connection:
        listed = list(connection.scalars(shown))
    return templates.TemplateResponse(request, "tickets.html", {"titles": listed, "tenant": person.tenant})
