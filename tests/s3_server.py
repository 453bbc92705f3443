"""An S3 for the tests: moto's, over HTTP on the loopback, in this process, with faults where a test wants them."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, cast
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import attrs
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Request

from tests.s3_back_door import back_door

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: The beginning of every upload in moto's answers.
_MOTO_INITIATED = b"2010-11-10T20:48:33.000Z"
#: The header of an answer that a client takes for none within its patience; see `S3Request.answer_too_late`.
TOO_LATE = "x-test-too-late"


class Handler(MotoRequestHandler):
    """Says nothing of the requests, and hangs up where it is told to."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass

    def log_error(self, format: str, *args: object) -> None:
        pass

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        pass


@attrs.frozen
class S3Request:
    """One that has arrived; `name` is S3's, such as ``UploadPart``, or ``UploadPart 2``."""

    name: str
    path: str
    serve_to: Callable[[StartResponse], Iterable[bytes]]
    start_response: StartResponse
    connection: socket.socket

    def serve_silently(self) -> None:
        """Let it take effect, and keep the answer."""
        b"".join(self.serve_to(_say_nothing))

    def serve(self) -> Iterable[bytes]:
        """Answer as the server does."""
        return self.serve_to(self.start_response)

    def answer(
        self,
        status: str,
        body: bytes,
        *,
        content_length: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> list[bytes]:
        """Answer something else than the server would."""
        length = len(body) if content_length is None else content_length
        always = [("Content-Type", "application/xml"), ("Content-Length", str(length))]
        self.start_response(status, [*always, *headers])
        return [body]

    def refuse(self, status: str, code: str) -> list[bytes]:
        """Answer with one of S3's errors. The text names what no user may read."""
        body = f"<Error><Code>{code}</Code><Message>the bucket of {self.path}</Message></Error>"
        return self.answer(status, b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode())

    def answer_too_late(self) -> list[bytes]:
        """Let the client's call end as if its patience were over.

        Nothing waits: with a patience that is short enough for a test, a busy machine would be too late by itself.
        """
        return self.answer("200 OK", b"", headers=[(TOO_LATE, "1")])

    def hang_up(self) -> list[bytes]:
        """Cut the connection, so that no answer arrives."""
        self.connection.shutdown(socket.SHUT_RDWR)
        return []


#: Does something with a request instead of serving it.
Fault = Callable[[S3Request], Iterable[bytes]]


def serve(request: S3Request) -> Iterable[bytes]:
    """No fault."""
    return request.serve()


class FaultyS3:
    """moto's application behind `fault`, which sees every request."""

    def __init__(self) -> None:
        # moto's store is not made for several threads: a key that one of them replaces is closed while another still
        # reads its ETag, and moto answers 500. Faults are outside of the lock, and may wait for each other.
        self._one_at_a_time = Lock()
        self.fault: Fault = serve
        #: What the server says of every upload's beginning.
        self.initiated: datetime | None = None
        self._moto = cast("WSGIApplication", DomainDispatcherApplication(create_backend_app))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Read whole, or an answer that comes early would cut the connection too.
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        name = _name(request)

        def serve_to(respond: StartResponse) -> Iterable[bytes]:
            with self._one_at_a_time:
                if name.startswith(_PARTS_OF_AN_UPLOAD) and not _has_upload(request):
                    return attrs.evolve(received, start_response=respond).refuse("404 Not Found", "NoSuchUpload")
                served = b"".join(self._moto(environ, respond))
            return [self._with_beginning(served) if name == "ListMultipartUploads" else served]

        connection = cast("socket.socket", environ["werkzeug.socket"])
        received = S3Request(name, request.path, serve_to, start_response, connection)
        return self.fault(received)

    def _with_beginning(self, body: bytes) -> bytes:
        # Of the same length, which has been announced already.
        began = self.initiated or datetime.now(UTC)
        return body.replace(_MOTO_INITIATED, f"{began:%Y-%m-%dT%H:%M:%S.000Z}".encode())


def _say_nothing(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[[bytes], object]:
    return lambda data: None


# The requests to which moto answers 500 where the upload has ended, and S3 404: a client that gave up waiting for the
# completion, and asks again, would see the server fail.
_PARTS_OF_AN_UPLOAD = ("UploadPart", "CompleteMultipartUpload")


def _has_upload(request: Request) -> bool:
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(request.path.split("/")[1])
    # moto refuses a bucket that is not there.
    return bucket is None or request.args["uploadId"] in bucket.multiparts


_BUCKET_REQUESTS = {"uploads": "ListMultipartUploads", "list-type": "ListObjectsV2"}
_OBJECT_REQUESTS = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListParts",
}


def _name(request: Request) -> str:
    if "/" not in request.path.strip("/"):
        return next((name for key, name in _BUCKET_REQUESTS.items() if key in request.args), f"{request.method} bucket")
    for (method, key), name in _OBJECT_REQUESTS.items():
        if request.method == method and key in request.args:
            part = request.args.get("partNumber")
            return f"{name} {part}" if part else name
    return f"{request.method.capitalize()}Object"


class S3Server:
    """One that runs."""

    def __init__(self) -> None:
        self.s3 = FaultyS3()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self.s3, threaded=True, request_handler=Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> S3Server:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(60)
        self._server.server_close()

    def client(self) -> S3Client:
        """One that knows nothing of this library, and has credentials of its own."""
        return back_door(self.url)

    @contextmanager
    def bucket(self, client: S3Client) -> Iterator[str]:
        """A new one, which is removed with all that it holds."""
        name = f"bucket-{uuid4()}"
        client.create_bucket(Bucket=name)
        try:
            yield name
        finally:
            self.s3.fault, self.s3.initiated = serve, None
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
                for found in page.get("Contents", []):
                    client.delete_object(Bucket=name, Key=found["Key"])
            for upload in client.list_multipart_uploads(Bucket=name).get("Uploads", []):
                client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
            client.delete_bucket(Bucket=name)
