"""What the OpenAPI document says about each schema and each field, for authors of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ticket_export.application.view.limits import MAX_JSON, MAX_SEARCH, MAX_SELECTION, MAX_VALUE

#: The descriptions of the schemas.
MODELS: Final[Mapping[str, str]] = {
    "CancelledExport": "The export that was cancelled.",
    "Choice": "A stored value, and the label that users see.",
    "Choices": "What you may ask for, and what you may do with the result.",
    "Column": "A column that you may export, and how a view may use it.",
    "ColumnKind": "The kind of a column. It decides which operators a filter may use, and the form of the cells.",
    "Delimiter": "What separates the fields of CSV: a comma, a semicolon or a tab.",
    "Export": "An export, and what you may do with it now.",
    "ExportLinks": "Paths on this server. A path is null if you cannot do that now.",
    "ExportList": "One page of exports, newest first.",
    "ExportStage": "What a worker is doing.",
    "ExportStatus": "The status of an export. `completed` and `failed` are final. A cancelled export is `failed`.",
    "FileFormat": "The name of a format that the host offers. `GET /columns` describes the formats.",
    "FileOptions": "The format of the file, and the options that the format takes. Null is the default of the host.",
    "Format": "A format that a view may ask for.",
    "IdType": "The type of the identifiers of a column of the kind `id`.",
    "Limits": "The limits of a view, and of your exports.",
    "Operator": "How a filter compares. `GET /columns` says which operators a column has.",
    "PageLinks": "Paths of the pages next to this one. A path is null if there is no such page.",
    "Problem": "A problem as RFC 9457 says, with the extensions `code` and `problems`.",
    "RequestedExport": "The export that was requested.",
    "ScopeRole": "The part of a view's scope that restricts a column.",
    "SortDirection": "The direction of a sort.",
    "View": "The view to export: its columns, its filters, its order and its file. Unknown keys are refused.",
    "ViewFilter": "One restriction. A ticket must meet all filters of a view.",
    "ViewScope": "The team or the assignee whose tickets the view shows, as the host's identifiers.",
}
_REFUSAL: Final = "Why you may not download the file, as a text for users; null if you may."

#: The descriptions of the fields. Every schema of an export has those of `Export`.
FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Choice": {"value": "The stored value, as a filter compares it.", "label": "The label that users see."},
    "Choices": {
        "columns": "The columns that you may export, in the host's order.",
        "formats": "The formats of files. The first one is the default.",
        "file": "The options of a file if the view leaves them out.",
        "limits": "The limits of a view, and of your exports.",
        "mayRequest": "Whether you may request an export.",
        "mayDownload": "Whether you would be able to download the file of your own export.",
        "refusal": _REFUSAL,
    },
    "Column": {
        "name": "The name that a view uses.",
        "label": "The label that users see, also in the header of the file.",
        "kind": "The kind of the column.",
        "idType": "The type of the identifiers; null for every other kind.",
        "operators": "The operators that a filter on this column may use; none if it cannot be filtered.",
        "choices": "The values of a column of the kind `choice`.",
        "searchable": "Whether the search term is looked for in this column.",
        "sortable": "Whether a view may sort by this column.",
        "scopeRole": "The part of the scope that restricts this column, or null.",
    },
    "Export": {
        "id": "The id of the export.",
        "requesterUserId": "The host's key of the user who requested the export. A UUID is text.",
        "requesterName": "The display name of that user, or null.",
        "view": "A summary of the view, in one line.",
        "status": "The status.",
        "progressStage": "What a worker is doing, or did last.",
        "progressPercent": "How much is done, in percent.",
        "rowCount": "The number of rows of the file; null until it is known.",
        "errorMessage": "Why the export failed, as a text for users; null if it did not.",
        "requestedAt": "When the export was requested.",
        "completedAt": "When the export ended; null before.",
        "expiresAt": "When the file expires.",
        "isCleanedUp": "Whether the file is already deleted.",
        "fileName": "The name of the file; null if there is none.",
        "length": "The length of the file in bytes; null if there is none.",
        "mayCancel": "Whether you may cancel the export now.",
        "mayRetry": "Whether you may retry the export now.",
        "mayDownload": "Whether you may download the file, also before there is one.",
        "hasFile": "Whether there is a file: from the completion until the export expires.",
        "refusal": _REFUSAL,
        "links": "Paths of what you may do now.",
        "alreadyRequested": "Whether the same view was queued or running already. Then this is that export.",
    },
    "ExportLinks": {
        "self": "The status of the export.",
        "file": "`GET` downloads the file.",
        "cancel": "`POST` cancels the export.",
        "retry": "`POST` requests the same view again.",
    },
    "ExportList": {
        "items": "The exports of this page.",
        "page": "The number of this page, counted from 1.",
        "pageSize": "The most exports of a page.",
        "total": "The number of exports on all pages.",
        "links": "Paths of the pages.",
    },
    "FileOptions": {
        "format": "The format.",
        "delimiter": "What separates the fields. Only CSV takes it.",
        "bom": "Whether CSV begins with a byte order mark, by which Excel detects UTF-8.",
        "header": "Whether the first row of CSV or of a workbook has the labels of the columns.",
    },
    "Format": {
        "name": "The name that a view uses.",
        "extension": "The end of the file's name.",
        "contentType": "The media type of the file.",
        "isPacked": "Whether the format compresses the file itself.",
        "options": "The options that the format takes.",
    },
    "Limits": {
        "jsonBytes": "The most bytes of the JSON of a view.",
        "filters": "The most filters of a view.",
        "values": "The most values of one filter.",
        "searchCharacters": "The most characters of the search term.",
        "valueCharacters": "The most characters of one value.",
        "activeExports": "The most exports that you may have queued or running; 0 is no limit.",
        "retentionHours": "After how many hours an export expires.",
    },
    "PageLinks": {"self": "This page.", "previous": "The page before.", "next": "The page after."},
    "Problem": {
        "type": "Always `about:blank`: the title is that of the status.",
        "title": "The title of the status.",
        "status": "The status of the response.",
        "detail": "What is wrong, in English, as a text for users.",
        "code": "What is wrong, as a word for programs.",
        "problems": "Every mistake in the view, with its place.",
    },
    "View": {
        "columns": "The names of the columns of the file, in order. `GET /columns` lists the names. No name may "
        "repeat, in any letter case.",
        "viewId": f"Any JSON of at most {MAX_VALUE:,} characters. It is stored with the view, and has no effect.",
        "filters": "The restrictions; all of them apply.",
        "searchTerm": f"Text to look for in the searchable columns of `columns`. Spaces around it are removed; then "
        f"it has at most {MAX_SEARCH:,} characters.",
        "sortField": "The name of the column to sort by. Null sorts by the ticket's id.",
        "sortDirection": "The direction of the sort; null is ascending.",
        "scope": "The team or the assignee whose tickets the view shows; null shows all.",
        "selection": f"The name of a list of tickets, if the application has such lists: the file has only these "
        f"tickets and, if `sortField` is null, their order. At most {MAX_SELECTION:,} characters. Null is no list.",
        "timeZone": "An IANA time zone, such as Europe/Berlin: that of the times in the file and of the days in "
        "filters. Null is UTC.",
        "file": f"The format of the file. The whole view has at most {MAX_JSON:,} bytes of JSON.",
    },
    "ViewFilter": {
        "field": "The name of a column.",
        "operator": "How the filter compares. `GET /columns` says which operators the column has.",
        "value": "What the filter compares with. `is_any_of` and `is_none_of` take several values, as a list or as "
        f"text with commas. One value has at most {MAX_VALUE:,} characters. `is_empty`, `is_not_empty`, `is_true` and "
        "`is_false` need none.",
    },
    "ViewScope": {"teamId": "The team.", "assignedToUserId": "The user to whom the tickets are assigned."},
}
