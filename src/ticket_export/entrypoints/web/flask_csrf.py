"""The CSRF protection of Flask-WTF, in an application that has it. The library never imports it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

from flask import current_app, request
from flask.sansio.app import App
from werkzeug.exceptions import HTTPException

from ticket_export.entrypoints.web.messages import FORM, MAX_BODY, CsrfToken


def csrf_of(body: bytes) -> CsrfToken | None:
    """Return the token of the request with this body, or None if the application has no such protection."""
    protection, name = current_app.extensions.get("csrf"), current_app.config.get("WTF_CSRF_FIELD_NAME")
    make = current_app.jinja_env.globals.get("csrf_token")
    if protection is None or name is None or not callable(make):
        return None
    is_valid = False
    if request.mimetype == FORM and len(body) <= MAX_BODY:
        request.stream = BytesIO(body)
        with suppress(HTTPException):
            protection.protect()
            is_valid = True
    return CsrfToken(name=name, make=make, is_valid=is_valid)


def exempt(app: App, view: Callable[..., object]) -> None:
    """Let the protection pass every request to the view: the library checks the token itself.

    JSON, and the button in a page of the host, have other proofs.
    """
    if (protection := app.extensions.get("csrf")) is not None:
        protection.exempt(view)
