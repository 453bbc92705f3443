"""Loading a host's own container by its name."""

from __future__ import annotations

import importlib
import sys
from typing import Final, cast

from dependency_injector.containers import DynamicContainer
from pydantic import ValidationError

from ticket_export.application.safe_text import quoted
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.errors import ConfigurationError
from ticket_export.settings import Settings

_WHERE = "--app"
#: What Django raises if models are imported before it is set up.
_NO_DJANGO_SETUP: Final = frozenset({"AppRegistryNotReady", "ImproperlyConfigured"})


def load_host_app(name: str) -> TicketExportContainer:
    """Return the container ``module:attribute``, which is a subclass of `TicketExportContainer` or an instance.

    The module may be in the current folder, as for the host's other commands.

    Raises:
        BadInputError: it cannot be imported, or is not a `TicketExportContainer`.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise BadInputError(_WHERE, f"{quoted(name)} is not module:attribute, such as helpdesk.exports:container")
    found = _attribute_of(_module(module_name), attribute, module_name)
    if isinstance(found, type) and issubclass(found, TicketExportContainer):
        return found()
    # An instance of a declared container is a DynamicContainer that remembers its class.
    if isinstance(found, DynamicContainer):
        declared = getattr(found, "declarative_parent", None)
        if isinstance(declared, type) and issubclass(declared, TicketExportContainer):
            return cast("TicketExportContainer", found)
    raise BadInputError(_WHERE, f"{quoted(name)} is a {type(found).__name__}, not a TicketExportContainer")


def _module(name: str) -> object:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return _imported(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise BadInputError(_WHERE, f"there is no module {quoted(name)}") from error
        raise BadInputError(_WHERE, f"the module {quoted(name)} needs {quoted(str(error.name))}") from error
    except (Exception, SystemExit) as error:
        what = _safe_text_of(error) or f"{type(error).__name__} (ticket-export --debug COMMAND shows where)"
        raise BadInputError(_WHERE, f"the module {quoted(name)} cannot be imported: {what}") from error


def _imported(name: str) -> object:
    try:
        return importlib.import_module(name)
    except Exception as error:
        if not _needs_django(error):
            raise
        from ticket_export.infrastructure.django.setup import set_up_django

        if not set_up_django():
            raise
        return importlib.import_module(name)


def _needs_django(error: BaseException) -> bool:
    return type(error).__module__ == "django.core.exceptions" and type(error).__name__ in _NO_DJANGO_SETUP


def _safe_text_of(error: BaseException) -> str | None:
    # Another text may hold a secret, such as the password of a database that the module connects to.
    if isinstance(error, ConfigurationError):
        return str(error)
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return None


def _attribute_of(module: object, attribute: str, module_name: str) -> object:
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise BadInputError(_WHERE, f"the module {quoted(module_name)} has no {quoted(attribute)}") from None
