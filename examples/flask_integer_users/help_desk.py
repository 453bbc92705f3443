"""The help desk without exports: its tables, its login, its list of tickets."""

import os
from datetime import UTC, datetime

from flask import Flask, abort, redirect, render_template, request, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ColumnElement, ForeignKey, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug import Response


class Base(DeclarativeBase):
    pass


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]  # sqlite:////srv/desk/desk.db
app.secret_key = os.environ["SECRET_KEY"]
db = SQLAlchemy(app, model_class=Base)


class Agent(Base):
    __tablename__ = "agents"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    nickname: Mapped[str | None]
    token: Mapped[str] = mapped_column(unique=True)
    team: Mapped[str]
    is_lead: Mapped[bool] = mapped_column(default=False)
    left_at: Mapped[datetime | None]

    @hybrid_property
    def full_name(self) -> str:
        return self.nickname or self.login

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls) -> ColumnElement[str]:
        return func.coalesce(cls.nickname, cls.login)


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str]
    team: Mapped[str]
    cost: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    opened_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))


@app.post("/login")
def log_in() -> Response:
    agent = db.session.scalar(select(Agent).where(Agent.token == request.form["token"]))
    if agent is None:
        abort(401)
    session["agent"] = agent.id
    return redirect("/tickets")


def current_agent() -> Agent:
    is_theirs = Agent.id == session.get("agent")
    return db.session.scalar(select(Agent).where(is_theirs, Agent.left_at.is_(None))) or abort(401)


@app.get("/tickets")
def list_tickets() -> str:
    agent, search = current_agent(), request.args.get("search", "")
    tickets = select(Ticket).where(Ticket.title.icontains(search, autoescape=True)).order_by(Ticket.id)
    if not agent.is_lead:
        tickets = tickets.where(Ticket.team == agent.team)
    return render_template("tickets.html", tickets=db.session.scalars(tickets), search=search)
