"""The places to which an export writes its file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import boto3
from tests.s3_fixtures import ENVIRONMENT

from benchmarks import measure
from benchmarks.contenders import HelpDesk
from benchmarks.measure import Run

LOCAL = "local files"
S3 = "S3"
FAR_S3 = "S3, 50 ms further away"
#: Seconds that each request takes longer.
_FAR = 0.05
_BUCKET = "exports-of-the-desk"


@attrs.frozen
class Place:
    """The environment variables of a storage, besides the help desk's own."""

    environment: Mapping[str, str]

    def export(self, desk: HelpDesk) -> Run:
        """From the request to the committed job, in a worker that is already running; measured as in `benchmarks`."""
        figures = desk.folder / "figures.json"
        command = [sys.executable, "-m", "benchmarks.started_worker", str(figures)]
        process = measure.run(command, environment={**desk.environment, **self.environment})
        return attrs.evolve(process, **json.loads(figures.read_text(encoding="utf-8")))


@contextmanager
def places(server_python: str) -> Iterator[Mapping[str, Place]]:
    """All three places; each S3 is a server in a process of its own, run by that Python."""
    with ExitStack() as stack:
        yield {
            LOCAL: Place({}),
            S3: stack.enter_context(_s3(server_python, latency=0.0)),
            FAR_S3: stack.enter_context(_s3(server_python, latency=_FAR)),
        }


@contextmanager
def _s3(python: str, *, latency: float) -> Iterator[Place]:
    command = [python, "-m", "benchmarks.storage.server", str(latency)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        boto3.session.Session().client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        ).create_bucket(Bucket=_BUCKET)
        yield Place(
            {**ENVIRONMENT, "TICKET_EXPORT_STORAGE_URL": f"s3://{_BUCKET}", "TICKET_EXPORT_S3_ENDPOINT_URL": url}
        )
        # The server ends at the end of its input.
        server.communicate()
