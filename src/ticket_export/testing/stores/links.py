"""The contract of the links of `SupportsSignedUrl`."""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import monotonic, sleep
from typing import ClassVar, Final
from urllib.error import HTTPError
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import pytest

from ticket_export.application.file.download import content_disposition
from ticket_export.application.ports.export_storage import SupportsSignedUrl
from ticket_export.errors import InvalidKeyError
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, MALFORMED_KEYS, S, StoreBackDoor, write

_SECOND: Final = timedelta(seconds=1)
# Between the making of a link and the look at it, on a busy machine.
_PAUSE: Final = timedelta(seconds=30)


class LinksContract(StoreBackDoor[S]):
    """A part of `StorageContract`."""

    #: Whether the store of the tests refuses links that were changed or are too old. Some test servers do not.
    checks_links: ClassVar[bool] = True
    #: Whether it sends the headers that a link names. If not, the tests look for them in the URL.
    sets_link_headers: ClassVar[bool] = True

    def link_lifetime(self, url: str) -> timedelta:
        """Return how long a link is valid from now on, as its URL says: in the form of Amazon, Google or Azure."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        for name in ("X-Amz-Expires", "X-Goog-Expires"):
            if name in query:
                return timedelta(seconds=int(query[name]))
        if "se" in query:
            return datetime.fromisoformat(query["se"]) - datetime.now(UTC)
        pytest.skip(f"{type(self).__name__} does not override link_lifetime")

    def test_signed_url_serves_the_object(self, storage: S) -> None:
        self._signer(storage)
        write(storage, KEY, b"signed")
        with urllib.request.urlopen(self._link(storage), timeout=30) as response:  # noqa: S310
            assert response.read() == b"signed"

    @pytest.mark.parametrize("file_name", ["tickets.csv", "Größe 1.csv", 'a".csv'], ids=ascii)
    def test_signed_url_serves_a_file_of_its_name_and_type_that_no_cache_keeps(
        self, storage: S, file_name: str
    ) -> None:
        self._signer(storage)
        write(storage, KEY, b"signed")
        url = self._link(storage, file_name=file_name)
        expected = (content_disposition(file_name), CONTENT_TYPE)
        if self.sets_link_headers:
            with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310
                headers = response.headers
            assert (headers["Content-Disposition"], headers["Content-Type"]) == expected
            assert "no-store" in headers["Cache-Control"]
        else:
            # A store may have the rule for caches with the object, not in the URL.
            assert [text for text in expected if text not in unquote_plus(url)] == []

    @pytest.mark.parametrize("content_type", ["application/gzip", 'text/plain; charset="utf-16"'])
    def test_signed_url_serves_the_type_that_it_was_asked_for(self, storage: S, content_type: str) -> None:
        write(storage, KEY, b"signed")
        url = self._link(storage, content_type=content_type)
        if self.sets_link_headers:
            with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310
                assert response.headers["Content-Type"] == content_type
        else:
            assert content_type in unquote_plus(url)

    def test_signed_url_can_neither_replace_nor_delete_the_object(self, storage: S) -> None:
        self._require_checks(storage)
        write(storage, KEY, b"signed")
        url = self._link(storage)
        assert _status_of(url) == HTTPStatus.OK
        for method in ("PUT", "POST", "DELETE"):
            data = None if method == "DELETE" else b"of others"
            _status_of(urllib.request.Request(url, data, {"x-ms-blob-type": "BlockBlob"}, method=method))  # noqa: S310
            self.assert_object(storage, KEY, b"signed")

    def test_signed_url_with_any_other_parameter_is_refused(self, storage: S) -> None:
        self._require_checks(storage)
        write(storage, KEY, b"signed")
        url = self._link(storage)
        assert _status_of(url) == HTTPStatus.OK
        root, _, query = url.partition("?")
        pairs = parse_qsl(query)
        for number, (name, value) in enumerate(pairs):
            other = ("1" if value[:1] != "1" else "2") + value[1:]
            changed = urlencode([*pairs[:number], (name, other), *pairs[number + 1 :]])
            status = _status_of(f"{root}?{changed}")
            assert HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR, name

    def test_signed_url_shows_no_secret(self, storage: S) -> None:
        url = self._link(storage)
        assert [secret for secret in self.secrets(storage) if secret in unquote_plus(url)] == []

    @pytest.mark.parametrize("seconds", [0.001, 1, 90, 86_400])
    def test_signed_url_is_valid_as_long_as_it_was_asked_for(self, storage: S, seconds: float) -> None:
        expires_in = timedelta(seconds=seconds)
        lifetime = self.link_lifetime(self._link(storage, expires_in=expires_in))
        # A store may count whole seconds only.
        assert expires_in - _PAUSE <= lifetime <= expires_in + _SECOND

    def test_signed_url_for_longer_than_the_store_allows_is_valid_for_a_shorter_time(self, storage: S) -> None:
        lifetime = self.link_lifetime(self._link(storage, expires_in=timedelta(days=3650)))
        assert timedelta(hours=1) <= lifetime <= timedelta(days=3650) + _SECOND

    def test_signed_url_is_refused_when_its_time_is_over(self, storage: S) -> None:
        self._require_checks(storage)
        write(storage, KEY, b"signed")
        url = self._link(storage, expires_in=_SECOND)
        deadline = monotonic() + 60
        while (status := _status_of(url)) == HTTPStatus.OK:
            assert monotonic() < deadline
            sleep(0.1)
        assert HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR

    def test_signed_url_is_for_one_object_only(self, storage: S) -> None:
        self._require_checks(storage)
        write(storage, KEY, b"signed")
        write(storage, KEY.replace("tickets", "private"), b"not signed")
        url = self._link(storage)
        assert _status_of(url) == HTTPStatus.OK
        changed = url.replace("tickets", "private")
        assert changed != url
        assert HTTPStatus.BAD_REQUEST <= _status_of(changed) < HTTPStatus.INTERNAL_SERVER_ERROR

    def test_signed_url_of_a_deleted_object_serves_nothing(self, storage: S) -> None:
        self._signer(storage)
        write(storage, KEY, b"signed")
        url = self._link(storage)
        storage.delete(KEY)
        assert HTTPStatus.BAD_REQUEST <= _status_of(url) < HTTPStatus.INTERNAL_SERVER_ERROR

    def test_signed_url_of_a_malformed_key_is_refused(self, storage: S) -> None:
        for key in MALFORMED_KEYS:
            with pytest.raises(InvalidKeyError):
                self._link(storage, key)

    def _require_checks(self, storage: S) -> None:
        self._signer(storage)
        if not self.checks_links:
            pytest.skip("the store of the tests does not check links (checks_links = False)")

    def _link(
        self,
        storage: S,
        key: str = KEY,
        *,
        file_name: str = "a.csv",
        content_type: str = CONTENT_TYPE,
        expires_in: timedelta = timedelta(minutes=5),
    ) -> str:
        signer = self._signer(storage)
        return signer.signed_url(key, file_name=file_name, content_type=content_type, expires_in=expires_in)

    def _signer(self, storage: S) -> SupportsSignedUrl:
        if not isinstance(storage, SupportsSignedUrl):
            pytest.skip(f"{type(storage).__name__} does not implement SupportsSignedUrl")
        return storage


def _status_of(url: str | urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310
            return int(response.status)
    except HTTPError as refused:
        with refused:
            return refused.code
