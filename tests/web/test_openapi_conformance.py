"""schemathesis tries to find a request whose answer is not as the served OpenAPI document says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.command_line import clean_environment
from tests.web.conftest import Desk, make_desk
from tests.web.servers import FRAMEWORKS, served
from ticket_export.entrypoints.web.openapi import openapi_document

#: The most random requests for each operation, besides those at every limit. `make test` tries fewer.
EXAMPLES = 5 if os.environ.get("TICKET_EXPORT_TEST_SAMPLE") else 25
USER = "admin@example.test"
# All checks are enabled. Only `positive_data_acceptance` gets two more statuses. The document is the same for everybody
# and for every export, so that it cannot tell which requests these are:
# - 422: a view that the schema allows may name a column that this user does not have, or an option that its format does
#   not take. Most requests name known columns here, so that many are accepted.
# - 416: a range that the schema allows may begin behind the end of this file.
CONFIGURATION = """
headers = {{ "X-Desk-User" = "{user}" }}

[dictionaries.columns]
values = {columns}

[[operations]]
include-operation-id = "requestExport"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429]

[operations.parameters]
"body.columns[*]" = {{ dictionary = "columns", probability = 0.9 }}

[[operations]]
include-operation-id = "downloadFile"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 416, 429]
"""
# Some answer of each operation has one of these statuses. The worker may end an export before it is cancelled.
REACHED = {
    ("POST", "/"): {202},
    ("GET", "/"): {200},
    ("GET", "/columns"): {200},
    ("GET", "/{exportId}"): {200},
    ("POST", "/{exportId}/cancel"): {202, 409},
    ("POST", "/{exportId}/retry"): {202},
    ("GET", "/{exportId}/file"): {200},
    ("HEAD", "/{exportId}/file"): {200},
}
CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
    "object_level_authorization",
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_answer_is_as_the_document_says(framework: str, tmp_path: Path) -> None:
    desk = make_desk(tmp_path, tickets=20, max_active_jobs_per_user=0)
    with served(framework, desk.environment) as url, desk.worker():
        # Without a login.
        with urllib.request.urlopen(f"{url}/exports/openapi.json", timeout=60) as answer:
            assert json.load(answer) == openapi_document("/exports", desk.container.file_formats().by_name)
        report = tmp_path / "report.ndjson"
        columns = json.dumps(_columns_of_user(desk))
        (tmp_path / "schemathesis.toml").write_text(CONFIGURATION.format(user=USER, columns=columns))
        ran = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{url}/exports/openapi.json",
                f"--max-examples={EXAMPLES}",
                "--generation-deterministic",
                "--continue-on-failure",
                "--no-color",
                "--report=ndjson",
                f"--report-ndjson-path={report}",
            ],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
    answers, checks = _read(report)
    # Otherwise, no failure would say little.
    for (method, path), statuses in REACHED.items():
        assert any(answers[method, path, status] for status in statuses), (method, path, sorted(answers.items()))
    assert checks == CHECKS


def _columns_of_user(desk: Desk) -> list[str]:
    actor = desk.container.user_directory().find_by_email(USER)
    assert actor is not None
    return [each.name for each in desk.container.ticket_source().columns(actor)]


def _read(report: Path) -> tuple[Counter[tuple[str, str, int]], set[str]]:
    """Count the answers by method, path and status; return the names of the checks too."""
    answers = Counter[tuple[str, str, int]]()
    checks = set()
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for key, interaction in recorder.get("interactions", {}).items():
            case = recorder["cases"][key]["value"]
            answers[case["method"], case["path"], interaction["response"]["status_code"]] += 1
        checks |= {check["name"] for each in recorder.get("checks", {}).values() for check in each}
    return answers, checks
