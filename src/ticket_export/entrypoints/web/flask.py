"""The binding for Flask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request
from werkzeug.routing import PathConverter

from ticket_export.application.actor import Actor
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web.api import ExportsApi
from ticket_export.entrypoints.web.flask_csrf import csrf_of, exempt
from ticket_export.entrypoints.web.messages import FORM, MAX_BODY, METHODS, WebRequest, root_of


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
    templates. Where the application uses Flask-WTF's ``CSRFProtect``, forms have its token; the library checks it
    itself, so its view is exempt.
    """
    api = ExportsApi(container, languages=languages, templates=templates)
    blueprint = Blueprint("ticket_export", __name__)
    any_path = type("_ExportsPath", (PathConverter,), {"regex": "[^/](?s:.*?)"})  # with line feeds, unlike Flask's own
    blueprint.record_once(lambda state: state.app.url_map.converters.update(exports_path=any_path))

    # The other values of the URL are those of the host's prefix, such as "/<tenant>/exports".
    def serve(path: str = "", **_: object) -> Response:
        path = f"/{path}"
        # First: it may read the body, as any code of the host.
        actor = None if path in api.public_paths else current_actor()
        body = _body()
        answer = api.handle(
            WebRequest(
                method=request.method,
                path=path,
                root=root_of(request.script_root + request.path, path),
                query=request.query_string.decode("latin-1"),
                headers={name.lower(): text for name, text in request.headers.items()},
                body=body,
                host=request.host,
                language=language,
                csrf=csrf_of(body),
            ),
            actor,
        )
        response = Response(answer.blocks, answer.status, dict(answer.headers))
        response.call_on_close(answer.close)
        return response

    blueprint.record(lambda state: exempt(state.app, serve))
    blueprint.before_app_request(lambda: exempt(current_app, serve))
    # The public paths too, so that they win over the application's own "/static/<path>" if this is mounted at "/".
    given = {path: {"path": path[1:]} for path in api.public_paths}
    for rule in ("/", "/<exports_path:path>", *given):
        add = partial(blueprint.add_url_rule, rule, "exports", serve, defaults=given.get(rule, {}), methods=METHODS)
        add(provide_automatic_options=False, strict_slashes=rule != "/")
    return blueprint


def _body() -> bytes:
    if request.mimetype == FORM and "form" in request.__dict__:
        # The application has read the fields.
        return urlencode(list(request.form.items(multi=True))).encode()
    return request.stream.read(MAX_BODY + 1) or request.get_data()
