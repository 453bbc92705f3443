"""The API: it answers requests for exports, in JSON or as pages, without knowing any web framework."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Final
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ColumnDto, Dto
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.web import answers, problems
from ticket_export.entrypoints.web.file_answers import FileAnswers
from ticket_export.entrypoints.web.messages import WebRequest, WebResponse
from ticket_export.entrypoints.web.openapi import PAGE_SIZE, openapi_document
from ticket_export.entrypoints.web.pages.context import PageContext
from ticket_export.entrypoints.web.pages.form import ExportForm
from ticket_export.entrypoints.web.pages.languages import Languages
from ticket_export.entrypoints.web.pages.pages import Pages
from ticket_export.entrypoints.web.problems import Refusal
from ticket_export.entrypoints.web.representations import (
    CancelledExport,
    ListedExports,
    RequestedExport,
    WatchedExport,
    is_active,
    path_of,
    seconds_to_wait,
)
from ticket_export.entrypoints.web.same_origin import may_be_forged
from ticket_export.errors import ExportNotFoundError, InvalidPayloadError, TicketExportError

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_OPENAPI: Final = "/openapi.json"


@attrs.frozen(kw_only=True)
class _Call:
    """A request of an actor, for a route; `id` is the part of its path that names an export."""

    request: WebRequest
    actor: Actor
    id: str = ""

    @property
    def job_id(self) -> UUID:
        """The id of the export.

        Raises:
            ExportNotFoundError: it is not an id. The database is not asked.
        """
        if not _ID.fullmatch(self.id):
            raise ExportNotFoundError(UUID(int=0))
        return UUID(self.id)


_Answer = WebResponse | Refusal
_Route = Callable[[_Call], _Answer]


class ExportsApi:
    """Answers requests for the exports of a container. Threads may share it; every call blocks.

    `languages` is a host's folder of translations, `templates` one of templates that replace the library's.
    """

    def __init__(
        self, container: TicketExportContainer, *, languages: Path | None = None, templates: Path | None = None
    ) -> None:
        self._container = container
        self._languages = Languages(languages)
        self._pages = Pages(self._languages, templates)
        self._log = logging.getLogger(__name__)
        self._routes: Sequence[tuple[re.Pattern[str], Mapping[str, _Route]]] = [
            (re.compile(pattern), routes)
            for pattern, routes in [
                ("/", {"GET": self._list, "POST": self._request}),
                ("/new", {"GET": self._new, "POST": self._new}),
                ("/columns", {"GET": self._columns}),
                ("/([^/]+)", {"GET": self._show}),
                ("/([^/]+)/file", {"GET": self._file}),
                ("/([^/]+)/cancel", {"POST": self._cancel}),
                ("/([^/]+)/retry", {"POST": self._retry}),
            ]
        ]

    @property
    def public_paths(self) -> tuple[str, ...]:
        """The paths below the mount that are answered without an actor."""
        return (_OPENAPI, *(f"/static/{name}" for name in self._pages.STATIC))

    def handle(self, request: WebRequest, actor: Actor | None) -> WebResponse:
        """Return the answer, which the caller must close. `actor` is None if nobody is logged in.

        Raises:
            ConfigurationError: the wiring, or a rule of the host, cannot work; the answer is 500 without details.
        """
        answer = self._answer(request, actor)
        if isinstance(answer, Refusal):
            answer = self._refused(request, answer)
        answer = attrs.evolve(answer, headers={**answers.ALWAYS, **answer.headers})
        return answer.without_body() if request.method == "HEAD" else answer

    def _answer(self, request: WebRequest, actor: Actor | None) -> _Answer:
        if request.path in self.public_paths:
            return self._public(request)
        for pattern, routes in self._routes:
            if match := pattern.fullmatch(request.path):
                allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else []), "OPTIONS"])
                if request.method == "OPTIONS":
                    return WebResponse(status=200, headers={"Allow": allowed, "Content-Length": "0"})
                route = routes.get("GET" if request.method == "HEAD" else request.method)
                if route is None:
                    return _page_of_action(request, *match.groups()) or _not_allowed(allowed)
                return self._routed(route, request, actor, *match.groups())
        return problems.NO_ROUTE

    def _routed(self, route: _Route, request: WebRequest, actor: Actor | None, job_id: str = "") -> _Answer:
        if actor is None:
            return problems.NO_ACTOR
        if request.is_too_large:
            return problems.TOO_LARGE
        if request.method == "POST" and may_be_forged(request):
            return problems.FORGED
        try:
            return route(_Call(request=request, actor=actor, id=job_id))
        except TicketExportError as error:
            return self._refusal_of(error)

    def _refusal_of(self, error: TicketExportError) -> Refusal:
        """Return what the client is told of the error; if it is no mistake of the client, the log has its cause."""
        refusal = Refusal.of(error)
        if refusal is None:
            raise error
        if refusal.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._log.warning("a request for exports failed: %s", error, exc_info=error)
        return refusal

    # What actors ask for.

    def _request(self, call: _Call) -> _Answer:
        request_export = self._container.request_export()
        if call.request.is_json:
            made = request_export(call.actor, _text(call.request))
            return self._accepted(call, path_of(call.request.root, made), RequestedExport.at(call.request.root, made))
        if not call.request.is_form:
            return problems.NO_MEDIA_TYPE
        fields = _fields(call.request)
        if not fields:
            # The page sends some; a middleware of the host has read them. No fields would mean an export of everything.
            raise InvalidPayloadError(["the form has no fields"])
        choices = self._container.get_choices()(call.actor)
        form = ExportForm.from_fields(fields, choices)
        try:
            made = request_export(call.actor, form.view())
        except TicketExportError as error:
            refusal = self._refusal_of(error)
            told = refusal.problem
            page = self._pages.new_export(
                self._context(call.request), choices, form, told.problems, "" if told.problems else told.detail
            )
            return answers.page(told.status, page, refusal.headers)
        return answers.see_other(path_of(call.request.root, made))

    def _new(self, call: _Call) -> _Answer:
        choices = self._container.get_choices()(call.actor)
        if call.request.method == "POST":
            if not call.request.is_form:
                return problems.NO_MEDIA_TYPE
            form = ExportForm.from_fields(_fields(call.request), choices)
        else:
            form = ExportForm.from_view({}, choices)
        return answers.page(200, self._pages.new_export(self._context(call.request), choices, form))

    def _columns(self, call: _Call) -> _Answer:
        return answers.as_json(200, self._container.get_choices()(call.actor))

    def _list(self, call: _Call) -> _Answer:
        page, size = (_number(call.request, name, default) for name, default in [("page", 1), ("pageSize", PAGE_SIZE)])
        try:
            listed = self._container.list_exports().watched(call.actor, page=page, page_size=size)
        except ValueError as error:
            if isinstance(error, TicketExportError):
                raise
            raise InvalidPayloadError([str(error).replace("page_size", "pageSize")]) from None
        if call.request.prefers_html:
            context, labels = self._context(call.request), self._labels(call)
            return answers.page(200, self._pages.exports(context, listed, call.actor.user_id, labels))
        described = f'<{call.request.root}{_OPENAPI}>; rel="service-desc"; type="application/json"'
        return answers.as_json(200, ListedExports.at(call.request.root, listed), {"Vary": "Accept", "Link": described})

    def _show(self, call: _Call) -> _Answer:
        export = self._container.watch_export()(call.actor, call.job_id)
        shown = WatchedExport.at(call.request.root, export)
        headers: dict[str, str] = {}
        if is_active(export):
            headers["Retry-After"] = str(seconds_to_wait(export, self._container.clock().now()))
        state = shown.model_dump_json()
        if not call.request.prefers_html:
            headers |= {"Vary": "Accept"}
            return answers.tagged(
                f'"{_digest(state)}"',
                call.request,
                headers,
                lambda sent: answers.data(200, state.encode(), answers.JSON, sent),
            )
        context = self._context(call.request)
        # Weak, since the token of a form differs each time.
        return answers.tagged(
            f'W/"{_digest(state + context.language.code)}"',
            call.request,
            {**answers.PAGE_HEADERS, **headers},
            lambda sent: answers.page(200, self._pages.status(context, export, columns=self._labels(call)), sent),
        )

    def _file(self, call: _Call) -> _Answer:
        return FileAnswers(open_download=self._container.open_download()).answer(call.request, call.actor, call.job_id)

    def _cancel(self, call: _Call) -> _Answer:
        job_id = call.job_id
        path = f"{call.request.root}/{job_id}"
        watch = self._container.watch_export()
        try:
            cancelled = self._container.cancel_export()(call.actor, job_id)
        except TicketExportError as error:
            watch.changed(job_id)
            return self._status_again(call, error)
        watch.changed(job_id)
        if call.request.is_form:
            return answers.see_other(path)
        return self._accepted(call, path, CancelledExport.at(call.request.root, cancelled))

    def _retry(self, call: _Call) -> _Answer:
        try:
            made = self._container.retry_export()(call.actor, call.job_id)
        except TicketExportError as error:
            return self._status_again(call, error)
        path = path_of(call.request.root, made)
        if call.request.is_form:
            return answers.see_other(path)
        return self._accepted(call, path, RequestedExport.at(call.request.root, made))

    # How it is answered.

    def _status_again(self, call: _Call, error: TicketExportError) -> _Answer:
        if not call.request.is_form or isinstance(error, ExportNotFoundError):
            raise error
        export = self._container.watch_export()(call.actor, call.job_id)
        refusal = self._refusal_of(error)
        context, texts = self._context(call.request), refusal.problem.texts
        page = self._pages.status(context, export, *texts, columns=self._labels(call))
        return answers.page(refusal.problem.status, page, refusal.headers)

    def _labels(self, call: _Call) -> Sequence[ColumnDto]:
        return self._container.get_choices()(call.actor).columns

    def _accepted(self, call: _Call, path: str, export: Dto) -> WebResponse:
        return answers.as_json(202, export, {"Location": path, "Retry-After": "0"})

    def _public(self, request: WebRequest) -> _Answer:
        if request.method not in {"GET", "HEAD"}:
            return _not_allowed("GET, HEAD")
        if request.path == _OPENAPI:
            document = openapi_document(request.root, self._container.file_formats().by_name)
            return answers.data(200, json.dumps(document).encode(), answers.JSON)
        asset = self._pages.STATIC[request.path.removeprefix("/static/")]
        is_versioned = request.parameters.get("v") == asset.version
        caching = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        return answers.tagged(
            f'"{asset.version}"',
            request,
            {"Cache-Control": caching},
            lambda sent: answers.data(200, asset.content, asset.content_type, sent),
        )

    def _context(self, request: WebRequest) -> PageContext:
        chosen = request.language() if callable(request.language) else request.language
        if chosen is not None:
            language = self._languages.find(chosen)
        else:
            language = self._languages.accepted(request.headers.get("accept-language", ""))
        csrf = (request.csrf.name, request.csrf.make()) if request.csrf else None
        return PageContext(root=request.root, language=language, csrf=csrf)

    def _refused(self, request: WebRequest, refusal: Refusal) -> WebResponse:
        problem = refusal.problem
        if request.prefers_html:
            page = self._pages.problem(self._context(request), problem.status, problem.title, *problem.texts)
            return answers.page(problem.status, page, refusal.headers)
        return answers.as_json(
            problem.status, problem, {"Vary": "Accept", **refusal.headers}, content_type="application/problem+json"
        )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _text(request: WebRequest) -> str:
    try:
        return request.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPayloadError([f"payload: byte {error.start} is not UTF-8"]) from None


def _fields(request: WebRequest) -> list[tuple[str, str]]:
    try:
        return request.fields
    except ValueError:
        raise InvalidPayloadError(["the form has too many fields"]) from None


def _number(request: WebRequest, name: str, default: int) -> int:
    text = request.parameters.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise InvalidPayloadError([f"{name}: must be a whole number"])
    return int(text)


def _page_of_action(request: WebRequest, job_id: str = "") -> WebResponse | None:
    """Lead a reader from the address of an action to the export: a login returns to the address of the form."""
    if request.method == "GET" and request.prefers_html and _ID.fullmatch(job_id):
        return answers.see_other(f"{request.root}/{job_id}")
    return None


def _not_allowed(allowed: str) -> Refusal:
    refused = Refusal.made(HTTPStatus.METHOD_NOT_ALLOWED, "method", f"Use one of the methods {allowed}.")
    return attrs.evolve(refused, headers={"Allow": allowed})
