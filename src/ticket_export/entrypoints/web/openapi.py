"""The description of the API (OpenAPI 3.1), made from the DTOs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from ticket_export.application.use_cases.list_exports import MAX_PAGE, MAX_PAGE_SIZE
from ticket_export.entrypoints.web.openapi_schemas import Schema, ref, schemas

#: The exports of a page if the client does not say how many.
PAGE_SIZE: Final = 25

_ABOUT: Final = """\
Request an export of tickets, watch it, and download its file.

1. `POST` the view. The answer has the path of the export in `Location`.
2. `GET` that path until `status` is `completed` or `failed`. Wait as many seconds as `Retry-After` says.
3. `GET` the path `links.file`. Compare the bytes with `Repr-Digest` (RFC 9530).

Log in as the application does that you use. Without a login, every answer is 401, or what the application says.
Errors are problems as RFC 9457 says. The same addresses also have pages for people: browsers ask for HTML."""

# A representation is JSON; browsers may ask for HTML instead.
_VARY: Final = {"Vary": ("Whether the answer is JSON or HTML depends on `Accept`.", {"type": "string"}, True)}
_LINK: Final = ("The address of this document, as the relation `service-desc` (RFC 8631).", {"type": "string"}, True)
_LOCATION: Final = ("The path of the export.", {"type": "string", "format": "uri-reference"}, True)
_SECONDS: Final[Schema] = {"type": "integer", "minimum": 0}
_ETAG: Final = ("The entity tag, for `If-None-Match` and `If-Range`.", {"type": "string"}, True)
_DIGEST: Final = ("The SHA-256 of the whole file (RFC 9530), if it is known.", {"type": "string"}, False)
_ACCEPTED: Final = {
    "Location": _LOCATION,
    "Retry-After": ("After how many seconds to ask for the status.", _SECONDS, True),
}
_OF_FILE: Final = {
    "ETag": _ETAG,
    "Accept-Ranges": ("Always `bytes`.", {"type": "string", "const": "bytes"}, True),
    "Content-Disposition": ("The name of the file (RFC 6266).", {"type": "string"}, True),
    "Repr-Digest": _DIGEST,
}
# A storage that sends the file itself has a tag and ranges of its own.
_OF_FILE_ANYWHERE: Final = {
    name: (text, kind, is_always_there and name not in {"ETag", "Accept-Ranges"})
    for name, (text, kind, is_always_there) in _OF_FILE.items()
}
_RANGE_OF_FILE: Final = {"Content-Range": ("Which bytes of the file these are.", {"type": "string"}, True)}
_BYTES: Final[Schema] = {"type": "string", "format": "binary"}
_AGAIN: Final = {"Retry-After": ("After how many seconds to try again.", _SECONDS, False)}

_Headers = Mapping[str, tuple[str, Schema, bool]]

# What each status of an error means, and its headers.
_PROBLEMS: Final[Mapping[int, tuple[str, _Headers]]] = {
    401: ("Nobody is logged in.", {}),
    403: ("You may not do that.", {}),
    404: ("There is no such export, or you may not see it.", {}),
    409: ("The export is in another state. With `Retry-After`, try again.", _AGAIN),
    410: ("The file has expired, or was deleted.", {}),
    412: ("The file is not the one that `If-Match` names.", {}),
    413: ("The request is longer than a view may be.", {}),
    415: ("The body is not JSON.", {}),
    416: (
        "The file has no such bytes.",
        {"Content-Range": ("The length of the file, after `bytes */`.", {"type": "string"}, True)},
    ),
    422: ("The request has mistakes; `problems` lists every one with its place.", {}),
    429: ("You have too many exports that are queued or running.", _AGAIN),
    503: ("The database or the storage does not answer.", _AGAIN),
}

_ID: Final = {
    "name": "exportId",
    "in": "path",
    "required": True,
    "description": "The id of the export.",
    "schema": {"type": "string", "format": "uuid"},
}
# Where a client goes from a request.
_LINKS: Final[Schema] = {
    name: {"operationId": name, "parameters": {"exportId": "$response.body#/id"}}
    for name in ("getExport", "cancelExport", "retryExport", "downloadFile", "describeFile")
}
_VIEW: Final[Schema] = {
    "columns": ["id", "title", "status", "creationTime"],
    "filters": [{"field": "status", "operator": "is_any_of", "value": ["new", "open"]}],
    "sortField": "id",
    "sortDirection": "desc",
    "timeZone": "Europe/Berlin",
    "file": {"format": "csv", "delimiter": ";"},
}


def openapi_document(root: str, formats: Iterable[str] = ("csv",)) -> dict[str, Any]:
    """Return the document of an API that is mounted at the path `root`, with the names of the formats that it offers.

    It is the same for every user, and says nothing of the host's columns, which may differ by user.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exports of tickets", "version": "1", "description": _ABOUT},
        "servers": [{"url": root or "/"}],
        "tags": [{"name": "exports", "description": "Exports and their files."}],
        "paths": {
            "/": {"get": _list_exports(), "post": _request_export()},
            "/columns": {"get": _get_choices()},
            "/{exportId}": {"parameters": [_ID], "get": _get_export()},
            "/{exportId}/cancel": {"parameters": [_ID], "post": _cancel_export()},
            "/{exportId}/retry": {"parameters": [_ID], "post": _retry_export()},
            "/{exportId}/file": {"parameters": [_ID], "get": _download_file(), "head": _describe_file()},
        },
        "components": {"schemas": schemas(formats)},
    }


def _request_export() -> Schema:
    return {
        **_operation("requestExport", "Request an export", "If the same view is queued or running, that is returned."),
        "requestBody": {
            "required": True,
            "description": "The view to export.",
            "content": {"application/json": {"schema": ref("View"), "examples": {"tickets": {"value": _VIEW}}}},
        },
        "responses": {
            "202": {
                **_response("The export is queued, or was already.", "RequestedExport", _ACCEPTED),
                "links": _LINKS,
            },
            **_problems(401, 403, 413, 415, 422, 429, 503),
        },
    }


def _list_exports() -> Schema:
    page = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1}
    size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
    return {
        **_operation("listExports", "List exports", "Newest first: your own, and those of others that you may see."),
        "parameters": [
            _parameter("page", "query", "The number of the page, counted from 1.", page),
            _parameter("pageSize", "query", "The most exports of a page.", size),
        ],
        "responses": {
            "200": _response("The page.", "ExportList", {**_VARY, "Link": _LINK}),
            **_problems(401, 422, 503),
        },
    }


def _get_choices() -> Schema:
    return {
        **_operation("getChoices", "Show what you may export", "The columns, the formats, the limits and your rights."),
        "responses": {"200": _response("The choices.", "Choices"), **_problems(401, 503)},
    }


def _get_export() -> Schema:
    waits = {
        "Retry-After": ("Only while it is queued or running: after how many seconds to ask again.", _SECONDS, False)
    }
    return {
        **_operation(
            "getExport", "Show the status of an export", "The status may be a second old. The rights are those of now."
        ),
        "parameters": [_NONE_MATCH],
        "responses": {
            "200": _response("The export.", "Export", {"ETag": _ETAG, **waits, **_VARY}),
            "304": _response("Nothing has changed.", headers={"ETag": _ETAG, **waits}),
            **_problems(401, 404, 503),
        },
    }


def _cancel_export() -> Schema:
    return {
        **_operation("cancelExport", "Cancel an export", "It ends as failed. To cancel it again has no effect."),
        "responses": {
            "202": _response("The export is cancelled.", "CancelledExport", _ACCEPTED),
            **_problems(401, 403, 404, 409, 413, 503),
        },
    }


def _retry_export() -> Schema:
    return {
        **_operation(
            "retryExport",
            "Request the same view again",
            "The new export shows the tickets as of now. If the view is queued or running, that export is returned.",
        ),
        "responses": {
            "202": _response("The export is queued, or was already.", "RequestedExport", _ACCEPTED),
            **_problems(401, 403, 404, 409, 413, 422, 429, 503),
        },
    }


def _download_file() -> Schema:
    # The format, and the compression, decide the media type. Generators of clients know the first one as bytes.
    file = {"content": {each: {"schema": _BYTES} for each in ("application/octet-stream", "*/*")}}
    link = {"Location": ("A link that is valid for a short time.", {"type": "string", "format": "uri"}, True)}
    return {
        **_operation(
            "downloadFile",
            "Download the file",
            "Each download is recorded. `If-Match` works too: then the answer may be 412.",
        ),
        "parameters": [
            _NONE_MATCH,
            _condition("Range", "One range of bytes, such as `bytes=1000-`. Several are answered with the whole file."),
            _condition(
                "If-Range", "The entity tag of the part that you have. If it is another one, `Range` is ignored."
            ),
        ],
        "responses": {
            "200": {**_response("The file.", headers=_OF_FILE), **file},
            "206": {**_response("A part of the file.", headers={**_OF_FILE, **_RANGE_OF_FILE}), **file},
            "303": _response("The storage sends the file.", headers=link),
            "304": _response("You have the file already.", headers={"ETag": _ETAG}),
            **_problems(401, 403, 404, 409, 410, 412, 416, 503),
        },
    }


def _describe_file() -> Schema:
    refused = _problems(401, 403, 404, 409, 410, 412, 503)
    return {
        **_operation("describeFile", "Show the headers of the file", "This is not a download, and is not recorded."),
        "parameters": [_NONE_MATCH],
        "responses": {
            "200": _response("There is a file.", headers=_OF_FILE_ANYWHERE),
            "304": _response("You have the file already.", headers={"ETag": _ETAG}),
            **{
                status: {name: part for name, part in each.items() if name != "content"}
                for status, each in refused.items()
            },
        },
    }


def _operation(name: str, summary: str, description: str) -> Schema:
    return {"operationId": name, "summary": summary, "description": description, "tags": ["exports"]}


def _parameter(name: str, place: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": place, "description": description, "schema": schema}


def _condition(name: str, description: str) -> Schema:
    return _parameter(name, "header", description, {"type": "string"})


_NONE_MATCH: Final = _condition("If-None-Match", "Entity tags. If one is the present tag, the answer is 304.")


def _response(description: str, schema: str | None = None, headers: _Headers | None = None) -> Schema:
    response: Schema = {"description": description}
    if headers:
        response["headers"] = {
            name: {"description": text, "schema": kind, "required": is_always_there}
            for name, (text, kind, is_always_there) in headers.items()
        }
    if schema is not None:
        response["content"] = {"application/json": {"schema": ref(schema)}}
    return response


def _problems(*statuses: int) -> dict[str, Schema]:
    made = {}
    for status in statuses:
        description, headers = _PROBLEMS[status]
        content = {"application/problem+json": {"schema": ref("Problem")}}
        made[str(HTTPStatus(status).value)] = {**_response(description, headers=headers), "content": content}
    return made
