"""The classes that installed packages declare as entry points, with errors that name the package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import attrs

from ticket_export.application.safe_text import quoted
from ticket_export.errors import ConfigurationError, TicketExportError


@attrs.frozen
class Plugins:
    """The entry points of `group`. A message says that a package ``adds`` one, such as "storages of the scheme"."""

    group: str
    adds: str

    def names(self) -> list[str]:
        """Return the names of all entry points, sorted."""
        return sorted({each.name for each in entry_points(group=self.group)})

    def find(self, name: str) -> EntryPoint | None:
        """Return the entry point of that name in any letter case; None if no package declares it.

        Raises:
            ConfigurationError: more than one package declares it.
        """
        found = [each for each in entry_points(group=self.group) if each.name.lower() == name.lower()]
        if len(found) > 1:
            packages = " and ".join(sorted(_package(each) for each in found))
            raise ConfigurationError(
                f"more than one package adds {self.adds} {quoted(name)}: {packages}; uninstall all but one"
            )
        return found[0] if found else None

    def load(self, entry_point: EntryPoint) -> object:
        """Import what the entry point names.

        Raises:
            ConfigurationError: the package is broken. The text has nothing of the package's own error, which may hold a
                password; that error is the ``__cause__``.
        """
        try:
            module, attribute = entry_point.module, entry_point.attr
        except (AttributeError, ValueError):  # which of them depends on the Python version
            raise self.broken(entry_point, f"{quoted(entry_point.value)} is not module:attribute") from None
        with self.named_errors(entry_point, f"importing {module}"):
            found: object = import_module(module)
        with self.named_errors(entry_point, f"reading {entry_point.value}"):
            for name in filter(None, (attribute or "").split(".")):
                if not hasattr(found, name):
                    raise self.broken(entry_point, f"there is no {entry_point.value}")
                found = getattr(found, name)
        return found

    @contextmanager
    def named_errors(self, entry_point: EntryPoint, doing: str) -> Iterator[None]:
        """Raise `ConfigurationError` with the package's name for an error of its code."""
        try:
            yield
        except TicketExportError:
            raise
        except ModuleNotFoundError as error:
            if f"{entry_point.module}.".startswith(f"{error.name}."):
                raise self.broken(entry_point, f"there is no module {error.name}") from error
            why = f"{doing} needs the module {quoted(str(error.name))}, which is not installed"
            raise self.broken(entry_point, why) from error
        except (Exception, SystemExit) as error:
            raise self.broken(entry_point, f"{doing} raises {type(error).__name__}") from error

    def broken(self, entry_point: EntryPoint, why: str) -> ConfigurationError:
        """Return the error of a package that does not work."""
        return ConfigurationError(
            f"the package {_package(entry_point)}, which adds {self.adds} {quoted(entry_point.name)}, is broken: {why}"
        )


def _package(entry_point: EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else "an unnamed package"
