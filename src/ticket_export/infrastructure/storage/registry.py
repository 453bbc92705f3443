"""The storage of a URL, from the installed package that adds storages of the URL's scheme.

A package declares an entry point of the group ``ticket_export.storage``. Its name is the scheme, and its value is a
class with ``from_url(url, settings)``; see ``docs/storage-plugins.md``. The library declares its own storages so too.
"""

from __future__ import annotations

import logging
import re
from importlib.metadata import EntryPoint
from typing import Final, Protocol, cast

from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.safe_text import escaped, quoted
from ticket_export.application.secret_url import without_secrets
from ticket_export.errors import ConfigurationError, TicketExportError
from ticket_export.infrastructure.plugins import Plugins
from ticket_export.infrastructure.storage.unusable import UnusableStorage
from ticket_export.settings import STORAGE_PLUGINS, Settings

_log = logging.getLogger(__name__)

# The members of `ExportStorage`.
_MEMBERS = ("provider", "place", "open_writer", "open_reader", "delete", "list")
GROUP: Final = STORAGE_PLUGINS
_PLUGINS: Final = Plugins(GROUP, "storages of the scheme")

# RFC 3986, 3.1, with the slashes: a message must not show the user of "user:password@host", and "C:\exports" is a path.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class StorageFactory(Protocol):
    """The class or object that an entry point names."""

    def from_url(self, url: str, settings: Settings) -> ExportStorage:
        """Return the storage at `url`, which has the scheme of the entry point.

        Raises:
            ConfigurationError: the URL or a setting is not valid; the text must not repeat a password.
        """
        ...


def open_former_storages(settings: Settings) -> tuple[ExportStorage, ...]:
    """Return the storages of the settings' former URLs.

    New exports do not need them. So in the place of one that cannot be opened is an `UnusableStorage`, and the log has
    its error.
    """
    return tuple(_former(url, settings) for url in settings.former_storage_urls)


def open_storage(settings: Settings) -> ExportStorage:
    """Return the storage of the settings' URL; only the package that adds it is imported.

    An error message holds only the scheme of the URL, and no text of a broken package, because both may hold a
    password. The error of that package is the ``__cause__``.

    Raises:
        ConfigurationError: no installed package has the URL's scheme, or more than one; or the package is broken, or
            refuses the URL.
        MissingExtraError: the storage needs a package that is not installed.
    """
    return _opened(settings.storage_url, settings, "TICKET_EXPORT_STORAGE_URL")


def _former(url: str, settings: Settings) -> ExportStorage:
    try:
        return _opened(url, settings, "TICKET_EXPORT_FORMER_STORAGE_URLS")
    except TicketExportError as error:
        # The error of a plugin may be the cause, so it is not logged with its traceback.
        _log.error(
            "a former storage cannot be opened, so its files are not read and not deleted: %s: %s",
            escaped(without_secrets(url)),
            error,
        )
        return UnusableStorage(url, error)


def _opened(url: str, settings: Settings, setting: str) -> ExportStorage:
    entry_point = _entry_point(url, setting)
    factory = _factory(entry_point)
    with _PLUGINS.named_errors(entry_point, "opening the storage"):
        storage = factory.from_url(url, settings)
        missing = [name for name in _MEMBERS if not hasattr(storage, name)]
    if missing:
        raise _PLUGINS.broken(entry_point, f"the object that from_url returns has no {', '.join(missing)}")
    return storage


def known_schemes() -> list[str]:
    """Return the schemes that a storage URL may have, sorted."""
    return _PLUGINS.names()


def _entry_point(url: str, setting: str) -> EntryPoint:
    match = _SCHEME.match(url)
    if match is None:
        raise _unusable(setting, "it has no scheme; a URL with a scheme is file:///an/absolute/folder")
    found = _PLUGINS.find(match[1].lower())
    if found is None:
        raise _unusable(setting, f"no installed package adds storages of the scheme {quoted(match[1].lower())}")
    return found


def _unusable(setting: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting} cannot be used: {problem}; known schemes are {', '.join(known_schemes())}. For "
        f"another one, install a package that has an entry point of that name in the group {GROUP}"
    )


def _factory(entry_point: EntryPoint) -> StorageFactory:
    found = _PLUGINS.load(entry_point)
    if not callable(getattr(found, "from_url", None)):
        raise _PLUGINS.broken(entry_point, f"{entry_point.value} has no from_url(url, settings)")
    return cast("StorageFactory", found)
