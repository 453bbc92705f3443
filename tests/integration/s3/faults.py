"""What may befall a request on the wire, told in one word each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import attrs

from tests.s3_server import Fault, S3Request, serve


def cut_before(request: S3Request) -> Iterable[bytes]:
    """It never took effect."""
    return request.hang_up()


def cut_after(request: S3Request) -> Iterable[bytes]:
    """It took effect, and nobody is told."""
    request.serve_silently()
    return request.hang_up()


def half_an_answer(request: S3Request) -> Iterable[bytes]:
    request.serve_silently()
    return request.answer("200 OK", b'<?xml version="1.0" encoding="UTF-8"?><Half', content_length=1000)


def late_before(request: S3Request) -> Iterable[bytes]:
    return request.answer_too_late()


def late_after(request: S3Request) -> Iterable[bytes]:
    request.serve_silently()
    return request.answer_too_late()


def refused(request: S3Request, *, status: str, code: str) -> Iterable[bytes]:
    return request.refuse(status, code)


def error_in_good_answer(request: S3Request) -> Iterable[bytes]:
    """S3 says 200 before it begins to put the parts together, and thinks better of it."""
    if request.name == "CompleteMultipartUpload":
        return request.refuse("200 OK", "InternalError")
    return request.refuse("500 Internal Server Error", "InternalError")


def part_lost(request: S3Request) -> Iterable[bytes]:
    """S3 says that it has the part, and does not know it when it puts the parts together."""
    if request.name.startswith("UploadPart"):
        return request.answer("200 OK", b"", headers=[("ETag", '"0123456789abcdef0123456789abcdef"')])
    return request.refuse("400 Bad Request", "InvalidPart")


def unintelligible(request: S3Request) -> Iterable[bytes]:
    """Some gateway in between speaks."""
    return request.answer("502 Bad Gateway", b"<html>no S3 here")


def unknown_to_a_gateway(request: S3Request) -> Iterable[bytes]:
    """The store restarts, and the gateway before it has forgotten it."""
    return request.answer("404 Not Found", b"404 page not found")


FAULTS: Mapping[str, Fault] = {
    "cut before": cut_before,
    "cut after": cut_after,
    "half an answer": half_an_answer,
    "late before": late_before,
    "late after": late_after,
    "error in a good answer": error_in_good_answer,
    "part lost": part_lost,
    "unintelligible": unintelligible,
    "unknown to a gateway": unknown_to_a_gateway,
    **{
        code: partial(refused, status=status, code=code)
        for status, code in (
            ("500 Internal Server Error", "InternalError"),
            ("503 Slow Down", "SlowDown"),
            ("403 Forbidden", "AccessDenied"),
            ("404 Not Found", "NoSuchBucket"),
            ("404 Not Found", "NoSuchUpload"),
            ("400 Bad Request", "ExpiredToken"),
            ("400 Bad Request", "BadDigest"),
            ("507 Insufficient Storage", "InsufficientStorage"),
        )
    },
}


@attrs.define
class Disturbance:
    """Lets `fault` befall the first request of the name `at`, and, if it `lasts`, all after it.

    Of others of that name, as many are let through first as `skipped` says. The requests for the owner object have
    names of their own, such as ``owner GetObject``; they are only seen where `at` is one of these.
    """

    at: str
    fault: Fault
    lasts: bool = False
    skipped: int = 0
    #: The names of all that came. Parts are sent beside each other, so that any of two may come first.
    seen: list[str] = attrs.field(factory=list)
    has_happened: bool = False

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        is_owners = request.path.endswith("/owner.json")
        name = f"owner {request.name}" if is_owners else request.name
        if is_owners and not self.at.startswith("owner "):
            return request.serve()
        self.seen.append(name)
        is_due = not self.has_happened and name == self.at and self.seen.count(self.at) > self.skipped
        is_hit = is_due or (self.has_happened and self.lasts)
        self.has_happened |= is_due
        return self.fault(request) if is_hit else request.serve()


def never() -> Disturbance:
    """Only counts."""
    return Disturbance("nothing", serve)
