"""The application: a list of tickets, the button that exports them, and a switch of the user."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, render_template, request

from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.demo_desk.accounts import ACCOUNTS, Accounts
from ticket_export.entrypoints.cli.demo_desk.ticket_view import ALL, FIXED, OPTIONAL, UNSOLVED, TicketView
from ticket_export.entrypoints.web.answers import ALWAYS, PAGE_POLICY
from ticket_export.entrypoints.web.flask import exports_blueprint
from ticket_export.entrypoints.web.messages import WebRequest
from ticket_export.entrypoints.web.same_origin import may_be_forged
from ticket_export.errors import InvalidPayloadError
from ticket_export.infrastructure.help_desk.catalog import PRIORITIES, STATUSES
from ticket_export.infrastructure.help_desk.ticket_list import TicketList

#: The name and the address of this machine for itself.
HOSTS: Final = ("127.0.0.1", "localhost")
_HEADERS: Final = {**ALWAYS, "Content-Security-Policy": PAGE_POLICY}


def create_app(container: TicketExportContainer) -> Flask:
    """Return the application of a help desk with the tickets of `container`."""
    app = Flask(__name__)
    app.jinja_env.filters.update(words=_words, moment=_moment)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    accounts = Accounts(container.user_directory())
    tickets = TicketList(container.tickets_engine(), container.catalog())

    app.register_blueprint(
        exports_blueprint(
            container,
            current_actor=accounts.current_actor,
            language="en",
            templates=Path(__file__).parent / "export_templates",
        ),
        url_prefix="/exports",
    )

    @app.get("/")
    def list_tickets() -> str:
        actor = accounts.current_actor() or abort(401)
        view = TicketView.of(request.args)
        return render_template(
            "tickets.html",
            view=view,
            page=tickets.page(actor, view.payload, number=view.page, now=container.clock().now()),
            labels={each.column.name: each.column.label for each in container.catalog().columns},
            fixed=FIXED,
            optional=OPTIONAL,
            statuses=(UNSOLVED, ALL, *STATUSES),
            priorities=(ALL, *PRIORITIES),
            accounts=ACCOUNTS,
            current=accounts.current,
        )

    @app.post("/user")
    def choose_user() -> Response:
        back = TicketView.of(request.form).path
        return accounts.choose(request.form.get("user", ""), Response(status=303, headers={"Location": back}))

    @app.before_request
    def refuse_other_sites() -> None:
        # Another site may resolve its own name to this machine (DNS rebinding). The browser then sends that name.
        if request.host.partition(":")[0].lower() not in HOSTS:
            abort(400, "This help desk is only for this machine.")
        if request.endpoint == "choose_user" and may_be_forged(_web_request()):
            abort(403, "This request does not come from a page of this help desk.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.errorhandler(InvalidPayloadError)
    def refuse_view(error: InvalidPayloadError) -> tuple[str, int]:
        return render_template("problem.html", problems=error.problems), 400

    return app


def _web_request() -> WebRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return WebRequest(method=request.method, path=request.path, headers=headers, host=request.host)


def _words(value: str) -> str:
    """Return a stored value, such as ``in_progress``, as users read it."""
    return value.replace("_", " ").capitalize()


def _moment(text: str) -> str:
    """Return a time of the list in a short form."""
    return f"{datetime.fromisoformat(text):%d %b %Y, %H:%M}"
