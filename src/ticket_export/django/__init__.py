"""For hosts on Django: an application with models, migrations, commands, pages and an admin.

Add ``"ticket_export.django"`` to ``INSTALLED_APPS``, and name your container in ``TICKET_EXPORT_APP``. It needs the
extra ``django``: ``pip install 'ticket-export[django]'``. docs/tutorial/django.md shows it.

Each name is imported when it is first used: Django imports this package before it has loaded the applications.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ticket_export.errors import MissingExtraError

if find_spec("django") is None:
    raise MissingExtraError("django", "ticket_export.django")

if TYPE_CHECKING:
    from ticket_export.entrypoints.django.current_container import current_actor, export_container, exports_container
    from ticket_export.entrypoints.django.export_action import export_tickets
    from ticket_export.entrypoints.django.user_directory import DjangoUserDirectory
    from ticket_export.infrastructure.django.catalog import catalog_for
    from ticket_export.infrastructure.django.model_catalog.columns import column
else:

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
        return value


__all__ = [
    "DjangoUserDirectory",
    "catalog_for",
    "column",
    "current_actor",
    "export_container",
    "export_tickets",
    "exports_container",
]

_CONTAINER = "ticket_export.entrypoints.django.current_container"
_MODULE_OF = {
    "DjangoUserDirectory": "ticket_export.entrypoints.django.user_directory",
    "catalog_for": "ticket_export.infrastructure.django.catalog",
    "column": "ticket_export.infrastructure.django.model_catalog.columns",
    "current_actor": _CONTAINER,
    "export_container": _CONTAINER,
    "export_tickets": "ticket_export.entrypoints.django.export_action",
    "exports_container": _CONTAINER,
}


def __dir__() -> list[str]:
    return __all__
