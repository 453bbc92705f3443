"""The schemas of the OpenAPI document: pydantic makes them from the DTOs and the view, and this adds what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from ticket_export.application.dto import ChoicesDto
from ticket_export.application.use_cases.list_exports import MAX_PAGE, MAX_PAGE_SIZE
from ticket_export.application.view.file_options import DELIMITERS
from ticket_export.application.view.filter_operators import Operator
from ticket_export.application.view.limits import (
    MAX_COLUMNS,
    MAX_FILTERS,
    MAX_SEARCH,
    MAX_SELECTION,
    MAX_VALUE,
    MAX_VALUES,
)
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.entrypoints.web.openapi_texts import FIELDS, MODELS
from ticket_export.entrypoints.web.problems import Problem
from ticket_export.entrypoints.web.representations import CancelledExport, ListedExports, RequestedExport, WatchedExport

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"
_ANSWERS: Final = (ChoicesDto, CancelledExport, ListedExports, RequestedExport, WatchedExport, Problem)
# The names in the document. A DTO loses its suffix.
_NAMES: Final = {
    "ExportFilter": "ViewFilter",
    "ExportScope": "ViewScope",
    "ExportSnapshotPayload": "View",
    "ListedExports": "ExportList",
    "WatchedExport": "Export",
}
_EXPORTS: Final = ("Export", "CancelledExport", "RequestedExport")

_IDENTIFIER: Final[Schema] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_VALUE},
        {"type": "integer"},
        {"type": "number"},
        {"type": "null"},
    ]
}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    """Return a reference to the schema of that name."""
    return {"$ref": f"{_REF}{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(texts: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(texts)}


_PATH: Final[Schema] = {"type": "string", "format": "uri-reference"}
#: What the validators of the view and the domain know, and the types of the models do not say.
_EXACT: Final[Mapping[str, Mapping[str, Schema]]] = {
    "View": {
        "columns": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": MAX_COLUMNS,
            "uniqueItems": True,
        },
        "viewId": {},
        "filters": {"type": "array", "items": ref("ViewFilter"), "maxItems": MAX_FILTERS},
        "searchTerm": _or_null({"type": "string", "maxLength": MAX_SEARCH}),
        "sortDirection": _or_null(ref("SortDirection")),
        "selection": _or_null({"type": "string", "minLength": 1, "maxLength": MAX_SELECTION}),
    },
    "ViewFilter": {
        "operator": ref(Operator.__name__),
        "value": {
            "anyOf": [
                {"type": "string", "maxLength": MAX_VALUE},
                {"type": "number"},
                {"type": "array", "items": {"type": ["string", "number"]}, "maxItems": MAX_VALUES},
                {"type": "null"},
            ]
        },
    },
    "ViewScope": {"teamId": _IDENTIFIER, "assignedToUserId": _IDENTIFIER},
    "FileOptions": {"format": _or_null(ref("FileFormat")), "delimiter": _or_null(ref("Delimiter"))},
    "ExportLinks": {"self": _PATH, **{name: _or_null(_PATH) for name in ("file", "cancel", "retry")}},
    "PageLinks": {"self": _PATH, **{name: _or_null(_PATH) for name in ("previous", "next")}},
    "ExportList": {
        "page": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
        "pageSize": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
        "total": _COUNT,
    },
    "Problem": {
        "type": {"type": "string", "format": "uri-reference"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
    },
}
_EXACT_OF_EXPORTS: Final[Mapping[str, Schema]] = {
    "requesterUserId": {"type": ["string", "integer"]},
    "status": ref("ExportStatus"),
    "progressStage": _or_null(ref("ExportStage")),
    "progressPercent": _or_null({**_COUNT, "maximum": 100}),
    "rowCount": _or_null(_COUNT),
    "length": _or_null(_COUNT),
}
_REQUIRED: Final = {"View": ["columns"], "ViewFilter": ["field", "operator"]}


def schemas(formats: Iterable[str]) -> dict[str, Schema]:
    """Return the schemas by name. `formats` are the names that a view may give as the format of its file."""
    _, made = models_json_schema(
        [(ExportSnapshotPayload, "validation"), *((each, "serialization") for each in _ANSWERS)],
        ref_template=f"{_REF}{{model}}",
    )
    found = {_name(name): _with_new_names(schema) for name, schema in made["$defs"].items()}
    found |= {
        # The names of a comma, a semicolon and a tab in generated clients.
        "Delimiter": {**_one_of(DELIMITERS), "x-enum-varnames": ["COMMA", "SEMICOLON", "TAB"]},
        "ExportStage": _one_of(each.value for each in ProgressStage),
        "ExportStatus": _one_of(each.value for each in ExportJobStatus),
        "FileFormat": _one_of(formats),
        "SortDirection": _one_of(("asc", "desc")),
    }
    for name, schema in found.items():
        schema.pop("title", None)
        schema["description"] = MODELS[name]
        if "properties" in schema:
            _complete(name, schema)
    return dict(sorted(found.items()))


def _complete(name: str, schema: Schema) -> None:
    exact = {**(_EXACT_OF_EXPORTS if name in _EXPORTS else {}), **_EXACT.get(name, {})}
    properties = schema["properties"]
    for field, made in properties.items():
        made.pop("title", None)
        made.pop("default", None)
        properties[field] = {**exact.get(field, made), "description": _text(name, field)}
    is_sent = schema.get("additionalProperties") is False
    # An answer has every field; a request may leave out those with a default.
    required = _REQUIRED.get(name, []) if is_sent else list(properties)
    schema["required"] = required
    if not required:
        del schema["required"]


def _text(name: str, field: str) -> str:
    texts = FIELDS.get(name, {})
    return texts[field] if field in texts else FIELDS["Export"][field]


def _name(made: str) -> str:
    return _NAMES.get(made, made.removesuffix("Dto"))


def _with_new_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_new_names(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_new_names(each) for each in value]
    if isinstance(value, str) and value.startswith(_REF):
        return _REF + _name(value.removeprefix(_REF))
    return value
