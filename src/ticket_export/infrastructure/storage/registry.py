"""The storage of a URL: any installed package adds one for the schemes that it names.

A package declares an entry point of the group ``ticket_export.storage``, whose name is the scheme and whose value a
class with ``from_url(url, settings)``; see ``docs/storage.md``. The library's own storages are declared the same way.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, Protocol

from ticket_export.application.safe_text import quoted
from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_export.application.ports.export_storage import ExportStorage
    from ticket_export.settings import Settings

GROUP: Final = "ticket_export.storage"


class StorageFactory(Protocol):
    """What an entry point names."""

    def from_url(self, url: str, settings: Settings) -> ExportStorage:
        """The storage at `url`, which has the entry point's scheme.

        Raises:
            ConfigurationError: the URL or a setting is not as it must be; the text must not repeat a password.
        """
        ...


def open_storage(settings: Settings) -> ExportStorage:
    """The storage of the settings' URL; only the package that adds it is imported.

    Raises:
        ConfigurationError: no installed package, or more than one, has the URL's scheme; or the one that has is
            broken, or refuses the URL.
        MissingExtraError: the storage needs a package that is not installed.
    """
    # The rest of the URL may hold a password, and is never shown.
    scheme, colon, _ = settings.storage_url.partition(":")
    scheme = scheme.lower()
    found = _installed(scheme) if colon else []
    if not found:
        raise _unknown(scheme if colon else "")
    if len(found) > 1:
        packages = " and ".join(sorted(_package(each) for each in found))
        raise ConfigurationError(f"{packages} both add storages of the scheme {quoted(scheme)}; uninstall one")
    return _factory(found[0]).from_url(settings.storage_url, settings)


def known_schemes() -> list[str]:
    """The schemes that a storage URL may begin with, in order."""
    return sorted({each.name for each in entry_points(group=GROUP)})


def _installed(scheme: str) -> Sequence[EntryPoint]:
    # A package that is found twice on the path, such as one that is installed and under development, is one package.
    found = {(each.value, _package(each)): each for each in entry_points(group=GROUP, name=scheme)}
    return list(found.values())


def _package(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else "an unnamed package"


def _unknown(scheme: str) -> ConfigurationError:
    problem = f"no installed package adds storages of the scheme {quoted(scheme)}" if scheme else "it has no scheme"
    return ConfigurationError(
        f"TICKET_EXPORT_STORAGE_URL cannot be used: {problem}; known are {', '.join(known_schemes()) or 'none'}. "
        f"Another one comes with a package that has an entry point of that name in the group {GROUP}"
    )


def _factory(entry_point: EntryPoint) -> StorageFactory:
    try:
        factory: StorageFactory = entry_point.load()
    except ConfigurationError:
        raise
    except Exception as error:
        raise _broken(entry_point, f"{type(error).__name__}: {error}") from error
    if not callable(getattr(factory, "from_url", None)):
        raise _broken(entry_point, f"{entry_point.value} has no from_url(url, settings)")
    return factory


def _broken(entry_point: EntryPoint, why: str) -> ConfigurationError:
    version = f" {entry_point.dist.version}" if entry_point.dist else ""
    return ConfigurationError(
        f"the package {_package(entry_point)}{version}, which adds storages of the scheme {quoted(entry_point.name)}, "
        f"is broken: {why}"
    )
