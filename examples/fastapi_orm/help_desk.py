"""The help desk without exports: its tables, its login, its list of tickets."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.security import APIKeyCookie
from fastapi.templating import Jinja2Templates
from sqlalchemy import Column, DateTime, ForeignKey, Table, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

DATABASE_URL = os.environ["DATABASE_URL"]  # postgresql+asyncpg://user:password@host/database
engine = create_async_engine(DATABASE_URL)
sessions = async_sessionmaker(engine)
app = FastAPI()
templates = Jinja2Templates(Path(__file__).with_name("templates"))


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


members = Table(
    "members",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
)


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]


class User(Base):
    __tablename__ = "users"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    teams: Mapped[list[Team]] = relationship(secondary=members, lazy="selectin")


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    status: Mapped[str]
    email: Mapped[str]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


async def open_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


CurrentSession = Annotated[AsyncSession, Depends(open_session)]
SessionCookie = Annotated[str, Depends(APIKeyCookie(name="session"))]


async def current_user(session: CurrentSession, cookie: SessionCookie) -> User:
    user = await session.scalar(select(User).where(User.token == cookie, User.is_active))
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(current_user)]


@app.get("/tickets")
async def list_tickets(request: Request, session: CurrentSession, user: CurrentUser, search: str = "") -> HTMLResponse:
    tickets = select(Ticket).where(Ticket.deleted_at.is_(None)).order_by(Ticket.id)
    tickets = tickets.where(Ticket.subject.icontains(search, autoescape=True))
    if not user.is_admin:
        tickets = tickets.where(Ticket.team_id.in_([team.id for team in user.teams]))
    shown = {"tickets": list(await session.scalars(tickets)), "search": search}
    return templates.TemplateResponse(request, "tickets.html", shown)
