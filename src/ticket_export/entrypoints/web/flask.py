"""The binding for Flask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, request

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.messages import MAX_BODY, METHODS, CsrfToken, WebRequest, root_of


def exports_blueprint(
    container: TicketExportContainer,
    *,
    current_actor: Callable[[], Actor | None],
    language: str | Callable[[], str | None] | None = None,
    languages: Path | None = None,
    templates: Path | None = None,
) -> Blueprint:
    """Return the API and the pages of exports: ``app.register_blueprint(exports_blueprint(…), url_prefix="/exports")``.

    `current_actor` returns the `Actor` of the current request, or None if nobody is logged in. It may abort, for
    example with a redirect to a login. `language` is the code of the pages' language, or a function that returns one;
    without it the browser's languages decide. `languages` and `templates` are folders of the host with translations and
    templates. Where the application uses Flask-WTF's ``CSRFProtect``, forms have its token.
    """
    api = ExportsApi(container, languages=languages, templates=templates)
    blueprint = Blueprint("ticket_export", __name__)

    def serve(path: str = "") -> Response:
        path = f"/{path}"
        answer = api.handle(
            WebRequest(
                method=request.method,
                path=path,
                root=root_of(request.script_root + request.path, path),
                query=request.query_string.decode("ascii", "replace"),
                headers={name.lower(): text for name, text in request.headers.items()},
                body=_body(),
                host=request.host,
                language=language() if callable(language) else language,
                csrf=_csrf(),
            ),
            None if path in api.public_paths else current_actor(),
        )
        response = Response(answer.blocks, answer.status, dict(answer.headers))
        response.call_on_close(answer.close)
        return response

    for rule in ("/", "/<path:path>"):
        blueprint.add_url_rule(
            rule, "exports", serve, methods=METHODS, provide_automatic_options=False, strict_slashes=False
        )
    return blueprint


def _body() -> bytes:
    if "form" in request.__dict__:
        # The protection against CSRF has read the fields.
        return urlencode(list(request.form.items(multi=True))).encode()
    return request.stream.read(MAX_BODY + 1)


def _csrf() -> CsrfToken | None:
    make = current_app.jinja_env.globals.get("csrf_token")
    if "csrf" not in current_app.extensions or not callable(make):
        return None
    name = current_app.config["WTF_CSRF_FIELD_NAME"]
    return CsrfToken(name=name, value=make(), is_valid=getattr(g, "csrf_valid", False))
