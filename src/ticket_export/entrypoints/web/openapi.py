"""The description of the API (OpenAPI 3.1), made from the DTOs."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from ticket_export.application.dto import ChoicesDto
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.entrypoints.web.problems import Problem
from ticket_export.entrypoints.web.representations import ExportWithLinks, ListedExports, RequestedExport, WatchedExport

_REF: Final = "#/components/schemas/{model}"


def openapi_document(root: str) -> dict[str, Any]:
    """Return the document of an API that is mounted at the path `root`."""
    written = (ChoicesDto, ExportWithLinks, ListedExports, RequestedExport, WatchedExport, Problem)
    _, schemas = models_json_schema(
        [(ExportSnapshotPayload, "validation"), *((each, "serialization") for each in written)], ref_template=_REF
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exports of tickets", "version": "1"},
        "servers": [{"url": root or "/"}],
        "paths": {},
        "components": {"schemas": schemas["$defs"]},
    }
