"""The links of every store on the base: how long they live, what they ask for, and what credentials cannot do."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from ticket_export.errors import InvalidKeyError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.bases.location import StoreLocation
from ticket_export.infrastructure.storage.bases.signing_storage import Link, SigningStorage

_KEY: Final = "exports/a/1/a.csv"


class NoKeyError(Exception):
    pass


class Signing(SigningStorage[None]):
    """Keeps what it was asked to sign, or raises `fault`."""

    provider = "signing"
    trouble = (ConnectionError,)
    unable = (NoKeyError,)
    fault: Exception | None = None

    def __init__(self) -> None:
        super().__init__(StoreLocation.parse("my://store/prefix", usage="my://store/prefix"), lambda: None)
        self.asked: list[tuple[str, Link]] = []

    def sign(self, name: str, link: Link) -> str:
        if self.fault:
            raise self.fault
        self.asked.append((name, link))
        return "https://store/signed"

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def names(self, prefix: str) -> Iterable[str]:
        raise NotImplementedError


def link(storage: Signing, expires_in: timedelta = timedelta(minutes=5), key: str = _KEY) -> str:
    return storage.signed_url(key, file_name="Größe 1.csv", content_type="text/csv", expires_in=expires_in)


def test_store_signs_the_name_with_a_safe_disposition_and_the_type() -> None:
    storage = Signing()
    assert link(storage) == "https://store/signed"
    ((name, asked),) = storage.asked
    assert name == f"prefix/{_KEY}"
    assert asked.headers == {
        "content_disposition": 'attachment; filename="Gr__e 1.csv"',
        "content_type": "text/csv",
        "cache_control": "private, no-store",
    }


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (timedelta(seconds=-5), 1),
        (timedelta(), 1),
        (timedelta(milliseconds=999), 1),
        (timedelta(seconds=90, milliseconds=900), 90),
        (timedelta(days=7), 604_800),
        (timedelta(days=7, microseconds=1), 604_800),
        (timedelta.max, 604_800),
    ],
)
def test_link_lives_for_whole_seconds_from_one_to_a_week(expires_in: timedelta, seconds: int) -> None:
    storage = Signing()
    link(storage, expires_in)
    ((_, asked),) = storage.asked
    assert asked.lifetime == timedelta(seconds=seconds)
    assert asked.ends - asked.made_at == asked.lifetime
    # The store's clock may be behind.
    assert asked.made_at - asked.begins == timedelta(minutes=5)
    assert abs(datetime.now(UTC) - asked.made_at) < timedelta(minutes=1)


@pytest.mark.parametrize("key", ["", "../outside", "a//b"])
def test_link_to_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidKeyError):
        link(Signing(), key=key)


@pytest.mark.parametrize(
    ("fault", "error_type", "text"),
    [
        (NoKeyError("secret"), StorageError, "the link could not be made: the storage's credentials cannot sign links"),
        (ValueError("secret"), StorageError, "the link could not be made: the storage failed; the log has the cause"),
        (
            ConnectionError("secret"),
            StorageUnavailableError,
            "the link could not be made: the storage cannot be reached",
        ),
    ],
)
def test_error_of_the_driver_becomes_one_of_the_storage(
    fault: Exception, error_type: type[StorageError], text: str
) -> None:
    storage = Signing()
    storage.fault = fault
    with pytest.raises(StorageError) as caught:
        link(storage)
    assert (type(caught.value), str(caught.value), caught.value.__cause__) == (error_type, text, fault)


@pytest.mark.parametrize("error_type", [NoKeyError, ValueError])
def test_log_of_a_link_that_could_not_be_made_has_no_secret(error_type: type[Exception]) -> None:
    storage = Signing()
    storage.fault = error_type("https://signer.example/?token=hunter2")
    with pytest.raises(StorageError) as caught:
        link(storage)
    shown = "".join(traceback.format_exception(caught.value))
    assert f"{error_type.__name__}: https://signer.example/?token=***" in shown
    assert "?token=hunter2" not in "".join(traceback.format_exception_only(caught.value.__cause__))
