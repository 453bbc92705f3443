from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from ticket_export.application.view.limits import MAX_COLUMNS, MAX_FILTERS, MAX_SEARCH, MAX_VALUES
from ticket_export.application.view.read_view import read_view
from ticket_export.entrypoints.web.openapi import openapi_document
from ticket_export.errors import InvalidPayloadError

FORMATS = ("csv", "xlsx", "ndjson")
DOCUMENT = openapi_document("/exports", FORMATS)
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS = {"get", "head", "post"}
STATUS = {"field": "status", "operator": "eq", "value": "new"}
VIEWS: dict[str, dict[str, object]] = {
    "one column": {"columns": ["id"]},
    "every key is null": {
        "columns": ["id"],
        **dict.fromkeys(["viewId", "searchTerm", "sortField", "sortDirection", "scope", "timeZone", "file"]),
    },
    "everything": {
        "columns": ["id", "title"],
        "viewId": {"any": ["JSON", 1, None]},
        "filters": [
            {"field": "status", "operator": "is_any_of", "value": ["new", 1]},
            {"field": "id", "operator": "gt", "value": 7},
            {"field": "title", "operator": "is_empty"},
        ],
        "searchTerm": "printer",
        "sortField": "id",
        "sortDirection": "desc",
        "scope": {"teamId": 7, "assignedToUserId": "5c1b9a3e-6f0e-4d0a-8f5f-3c1f8f3d2a11"},
        "timeZone": "Europe/Berlin",
        "file": {"format": "csv", "delimiter": "\t", "bom": True, "header": False},
    },
}
WRONG_VIEWS: dict[str, dict[str, object]] = {
    "no columns": {},
    "an empty list of columns": {"columns": []},
    "a column twice": {"columns": ["id", "id"]},
    "a column that is a number": {"columns": [1]},
    "too many columns": {"columns": [f"c{number}" for number in range(MAX_COLUMNS + 1)]},
    "an unknown key": {"columns": ["id"], "colour": "red"},
    "too many filters": {"columns": ["id"], "filters": [STATUS] * (MAX_FILTERS + 1)},
    "a filter without an operator": {"columns": ["id"], "filters": [{"field": "status"}]},
    "a filter with an unknown key": {"columns": ["id"], "filters": [{**STATUS, "or": True}]},
    "too many values": {
        "columns": ["id"],
        "filters": [{"field": "id", "operator": "is_any_of", "value": [1] * (MAX_VALUES + 1)}],
    },
    "a value that is an object": {"columns": ["id"], "filters": [{**STATUS, "value": {}}]},
    "a long search term": {"columns": ["id"], "searchTerm": "x" * (MAX_SEARCH + 1)},
    "an unknown direction": {"columns": ["id"], "sortDirection": "up"},
    "an empty team": {"columns": ["id"], "scope": {"teamId": ""}},
    "a team that is a list": {"columns": ["id"], "scope": {"teamId": [1]}},
    "an unknown delimiter": {"columns": ["id"], "file": {"delimiter": "|"}},
    "a header that is a number": {"columns": ["id"], "file": {"header": 1}},
}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & item.keys():
            yield method, path, item[method]


def _inside(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, dict):
        for each in [*value, *value.values()]:
            yield from _inside(each)
    if isinstance(value, list):
        for each in value:
            yield from _inside(each)


def _view_validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/View", "components": DOCUMENT["components"]}, validate_formats=True
    )


def test_document_conforms_to_openapi_3_1() -> None:
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(DOCUMENT)
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_document_has_every_operation_of_the_api() -> None:
    assert {(method, path): each["operationId"] for method, path, each in _operations()} == {
        ("post", "/"): "requestExport",
        ("get", "/"): "listExports",
        ("get", "/columns"): "getChoices",
        ("get", "/{exportId}"): "getExport",
        ("post", "/{exportId}/cancel"): "cancelExport",
        ("post", "/{exportId}/retry"): "retryExport",
        ("get", "/{exportId}/file"): "downloadFile",
        ("head", "/{exportId}/file"): "describeFile",
    }


def test_document_is_the_same_in_every_process() -> None:
    code = (
        "import json; from ticket_export.entrypoints.web.openapi import openapi_document; "
        f"print(json.dumps(openapi_document('/exports', {FORMATS!r})))"
    )
    for seed in "12":
        ran = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, timeout=60, check=True
        )
        assert ran.stdout.decode().strip() == json.dumps(DOCUMENT)


def test_every_schema_is_used_and_every_reference_leads_to_one() -> None:
    references = {value for value in _inside(DOCUMENT) if isinstance(value, str) and value.startswith("#/")}
    assert references == {f"#/components/schemas/{name}" for name in SCHEMAS}


def test_every_operation_parameter_answer_schema_and_field_is_described() -> None:
    for _, _, each in _operations():
        described = [each, *each.get("parameters", []), *each["responses"].values()]
        assert all(part["description"].endswith(".") for part in described), each["operationId"]
        assert each["summary"][0].isupper()
    for name, schema in SCHEMAS.items():
        for part in [schema, *schema.get("properties", {}).values()]:
            assert part["description"].endswith("."), name


def test_document_says_nothing_of_python_or_pydantic() -> None:
    texts = [value for value in _inside(DOCUMENT) if isinstance(value, str)]
    names = [name for schema in SCHEMAS.values() for name in schema.get("properties", {})]
    assert names
    assert not [name for name in names if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name)]
    internal = re.compile(r"Dto|Payload|pydantic|(?<!If-)None|\bTrue\b|\bFalse\b|tuple|``")
    assert not [text for text in texts if internal.search(text)]
    assert not [each for each in _inside(SCHEMAS) if isinstance(each, dict) and isinstance(each.get("title"), str)]


def test_every_error_is_a_problem_and_every_answer_has_all_its_fields() -> None:
    for method, _, each in _operations():
        errors = [answer for status, answer in each["responses"].items() if status >= "400"]
        assert errors
        if method == "head":
            assert not any("content" in answer for answer in errors)
        else:
            assert all(list(answer["content"]) == ["application/problem+json"] for answer in errors)
    for name in ["Export", "RequestedExport", "Choices", "Column", "ExportList", "ExportLinks", "Problem"]:
        assert SCHEMAS[name]["required"] == list(SCHEMAS[name]["properties"])


def test_formats_are_those_of_the_host() -> None:
    assert SCHEMAS["FileFormat"]["enum"] == list(FORMATS)


def test_links_lead_from_a_request_to_its_export() -> None:
    operations = {each["operationId"]: path for _, path, each in _operations()}
    links = DOCUMENT["paths"]["/"]["post"]["responses"]["202"]["links"]
    assert {"getExport", "cancelExport", "retryExport", "downloadFile"} <= links.keys()
    for link in links.values():
        assert "{exportId}" in operations[link["operationId"]]
        assert link["parameters"] == {"exportId": "$response.body#/id"}


@pytest.mark.parametrize("name", VIEWS)
def test_view_that_is_read_conforms_to_its_schema_as_sent_and_as_stored(name: str) -> None:
    validator = _view_validator()
    validator.validate(VIEWS[name])
    validator.validate({"columns": ["id"], **json.loads(read_view(VIEWS[name]).to_json())})


def test_example_of_a_request_is_a_view() -> None:
    content = DOCUMENT["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        _view_validator().validate(example["value"])
        read_view(example["value"])


@pytest.mark.parametrize("name", WRONG_VIEWS)
def test_view_that_its_schema_refuses_is_refused(name: str) -> None:
    assert not _view_validator().is_valid(WRONG_VIEWS[name])
    with pytest.raises(InvalidPayloadError):
        read_view(WRONG_VIEWS[name])
