"""The base of object stores that can sign links."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar

import attrs

from ticket_export.application.file.download import content_disposition
from ticket_export.application.ports.export_storage import SupportsSignedUrl
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.bases.driver_errors import concealed
from ticket_export.infrastructure.storage.bases.smart_open_storage import SmartOpenStorage

C = TypeVar("C")

# Whole seconds, which all stores understand; a week is the most that Amazon's, Google's and others allow.
_SHORTEST: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(days=7)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_FAILED: Final = "the link could not be made"


@attrs.frozen(kw_only=True)
class Link:
    """What a link asks the store for: the headers of its response, and its lifetime in whole seconds."""

    content_disposition: str
    content_type: str
    lifetime: timedelta
    made_at: datetime = attrs.field(factory=lambda: datetime.now(UTC))

    @property
    def headers(self) -> dict[str, Any]:
        """The headers of the response, by their names in Python."""
        return {
            "content_disposition": self.content_disposition,
            "content_type": self.content_type,
            "cache_control": "private, no-store",
        }

    @property
    def begins(self) -> datetime:
        """From when on it is valid, aware UTC: some minutes ago, since the store's clock may be behind."""
        return self.made_at - _CLOCKS_DIFFER

    @property
    def ends(self) -> datetime:
        """When it is not valid any more, aware UTC."""
        return self.made_at + self.lifetime


class SigningStorage(SmartOpenStorage[C], SupportsSignedUrl):
    """A store that smart-open opens, and that can sign links.

    Besides what `SmartOpenStorage` asks for, a storage of your own has::

        unable = (NoKeyError,)
        def sign(self, name, link): ...

    The responses must have ``Cache-Control: private, no-store`` too, from the link or from the object.
    """

    #: The errors of `sign` for credentials that cannot sign.
    unable: ClassVar[tuple[type[Exception], ...]] = ()

    @abstractmethod
    def sign(self, name: str, link: Link) -> str:
        """Return a link to the object of that name; it need not exist. May raise any error of the driver."""

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        """See `SupportsSignedUrl.signed_url`. The link lives for whole seconds, from one second to a week."""
        name = self.name_of(key)
        lifetime = timedelta(seconds=min(max(expires_in, _SHORTEST), _LONGEST) // _SHORTEST)
        link = Link(content_disposition=content_disposition(file_name), content_type=content_type, lifetime=lifetime)
        with self.errors(_FAILED):
            try:
                return self.sign(name, link)
            except self.unable as error:
                raise StorageError(f"{_FAILED}: the storage's credentials cannot sign links") from concealed(error)
