"""The storage of a URL: any installed package adds one for the schemes that it names.

A package declares an entry point of the group ``ticket_export.storage``, whose name is the scheme and whose value a
class with ``from_url(url, settings)``; see ``docs/storage-plugins.md``. The library's own are declared the same way.
"""

from __future__ import annotations

import re
from functools import reduce
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final, Protocol

from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.safe_text import quoted
from ticket_export.errors import ConfigurationError, TicketExportError
from ticket_export.settings import Settings

# Of `ExportStorage`.
_MEMBERS = ("provider", "open_writer", "open_reader", "delete", "list")
GROUP: Final = "ticket_export.storage"

# RFC 3986, 3.1; with the slashes, since "user:password@host" is no scheme to show, and "C:\exports" none to look for.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


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

    The texts of its errors hold no more of the URL than the scheme, and nothing of what a broken package says, since
    either may hold a password; what that package has raised is the ``__cause__``.

    Raises:
        ConfigurationError: no installed package, or more than one, has the URL's scheme; or the one that has is
            broken, or refuses the URL.
        MissingExtraError: the storage needs a package that is not installed.
    """
    entry_point = _entry_point(settings.storage_url)
    factory = _factory(entry_point)
    try:
        storage = factory.from_url(settings.storage_url, settings)
        missing = [name for name in _MEMBERS if not hasattr(storage, name)]
    except TicketExportError:
        raise
    except ModuleNotFoundError as error:
        raise _broken(entry_point, _missing("opening it", str(error.name))) from error
    except (Exception, SystemExit) as error:
        raise _broken(entry_point, f"opening the storage raises {type(error).__name__}") from error
    if missing:
        raise _broken(entry_point, f"what from_url gives has no {', '.join(missing)}")
    return storage


def known_schemes() -> list[str]:
    """The schemes that a storage URL may begin with, in order."""
    return sorted({each.name for each in entry_points(group=GROUP)})


def _entry_point(url: str) -> EntryPoint:
    match = _SCHEME.match(url)
    if match is None:
        raise _unusable("it does not begin as file:///an/absolute/folder does, with a scheme and ://")
    scheme = match[1].lower()
    found = [each for each in entry_points(group=GROUP) if each.name.lower() == scheme]
    if not found:
        raise _unusable(f"no installed package adds storages of the scheme {quoted(scheme)}")
    if len(found) > 1:
        packages = " and ".join(sorted(_package(each) for each in found))
        raise ConfigurationError(
            f"storages of the scheme {quoted(scheme)} are added more than once, by {packages}; uninstall all but one"
        )
    return found[0]


def _unusable(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"TICKET_EXPORT_STORAGE_URL cannot be used: {problem}; known are {', '.join(known_schemes())}. For another "
        f"one, install the package that adds it: one with an entry point of that name in the group {GROUP}"
    )


def _factory(entry_point: EntryPoint) -> StorageFactory:
    try:
        module, attribute = entry_point.module, entry_point.attr
    except (AttributeError, ValueError):  # which of them depends on the Python
        raise _broken(entry_point, f"{quoted(entry_point.value)} is not module:attribute") from None
    imported = _imported(entry_point, module)
    try:
        factory: StorageFactory = reduce(getattr, attribute.split(".") if attribute else (), imported)
    except AttributeError as error:
        raise _broken(entry_point, f"there is no {entry_point.value}") from error
    except TicketExportError:
        raise
    except (Exception, SystemExit) as error:
        raise _broken(entry_point, f"looking for {entry_point.value} raises {type(error).__name__}") from error
    if not callable(getattr(factory, "from_url", None)):
        raise _broken(entry_point, f"{entry_point.value} has no from_url(url, settings)")
    return factory


def _imported(entry_point: EntryPoint, module: str) -> ModuleType:
    try:
        return import_module(module)
    except TicketExportError:
        raise
    except ModuleNotFoundError as error:
        raise _broken(entry_point, _missing(module, str(error.name))) from error
    except (Exception, SystemExit) as error:
        raise _broken(entry_point, f"importing {module} raises {type(error).__name__}") from error


def _missing(module: str, missing: str) -> str:
    if f"{module}.".startswith(f"{missing}."):
        return f"there is no module {missing}"
    return f"{module} needs the module {quoted(missing)}, which is not installed"


def _broken(entry_point: EntryPoint, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the package {_package(entry_point)}, which adds storages of the scheme {quoted(entry_point.name)}, "
        f"is broken: {why}"
    )


def _package(entry_point: EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else "an unnamed package"
