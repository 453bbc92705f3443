"""A Flask help desk, with the protection of Flask-WTF if DESK_CSRF is set. Serve `app` with gunicorn."""

from os import environ

from flask import Flask, abort, redirect, request
from flask_wtf import CSRFProtect

from tests.web.hosts import desk
from ticket_export import Actor
from ticket_export.web.flask import exports_blueprint

app = Flask(__name__)
app.config["SECRET_KEY"] = "of the tests"
if "DESK_CSRF" in environ:
    CSRFProtect(app)


def current_actor() -> Actor | None:
    name = request.headers.get(desk.HEADER) or request.cookies.get(desk.COOKIE)
    if name == desk.SIGNED_OUT:
        abort(redirect(desk.LOGIN))
    return desk.actor_named(name)


app.register_blueprint(
    exports_blueprint(
        desk.container,
        current_actor=current_actor,
        language=desk.LANGUAGE,
        languages=desk.LANGUAGES,
        templates=desk.TEMPLATES,
    ),
    url_prefix=desk.ROOT,
)


@app.get("/tickets")
def list_tickets() -> str:
    return desk.list_page()


@app.get(desk.LOGIN)
def login() -> str:
    return desk.LOGIN_PAGE
