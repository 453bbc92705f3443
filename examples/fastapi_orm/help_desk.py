"""The help desk without exports: its tables, its login, its list of tickets."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Column, DateTime, ForeignKey, Table, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

DATABASE_URL = os.environ["DATABASE_URL"]  # postgresql+asyncpg://user:password@host/database
engine = create_async_engine(DATABASE_URL)
sessions = async_sessionmaker(engine)
app = FastAPI()


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
Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def current_user(session: CurrentSession, credentials: Credentials) -> User:
    is_theirs = User.token == credentials.credentials
    user = await session.scalar(select(User).where(is_theirs, User.is_active))
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(current_user)]


@app.get("/tickets")
async def list_tickets(session: CurrentSession, user: CurrentUser) -> list[str]:
    tickets = select(Ticket.subject).where(Ticket.deleted_at.is_(None)).order_by(Ticket.id)
    if not user.is_admin:
        tickets = tickets.where(Ticket.team_id.in_([team.id for team in user.teams]))
    return list(await session.scalars(tickets))
