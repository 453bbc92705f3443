"""The acting user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

import attrs

from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user_id import UserId
from ticket_export.errors import ConfigurationError

_FACTS = (str, int, UUID, type(None))


class MissingAttributeError(KeyError):
    """The actor has no attribute of this name."""


class _Attributes(dict[str, Any]):
    def __missing__(self, name: object) -> NoReturn:
        raise MissingAttributeError(name)


def _frozen(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in attributes.items():
        if not isinstance(name, str):
            raise ConfigurationError(f"Actor.attributes: the name {name!r} is of type {type(name).__name__}, not str")
        for fact in value if isinstance(value, tuple) else (value,):
            if not isinstance(fact, _FACTS):
                raise ConfigurationError(
                    f"Actor.attributes[{name!r}] holds a value of type {type(fact).__name__}; use str, int, UUID, "
                    "bool, None or a tuple of them"
                )
    return MappingProxyType(_Attributes(attributes))


@attrs.frozen(kw_only=True)
class Actor:
    """The user for whom a use case runs; the host has authenticated them.

    `attributes` are the host's own facts about the user, such as the ids of their teams, for the rules of a catalog and
    a policy. A value is a str, int, UUID, bool, None or a tuple of them; the host knows which. The actor of a run comes
    from the user directory, so the directory must return them too.

    Raises:
        ConfigurationError: an attribute has a value of another type.
    """

    user_id: UserId
    is_admin: bool = False
    permissions: SystemPermissions = SystemPermissions.NONE
    attributes: Mapping[str, Any] = attrs.field(factory=dict, converter=_frozen, hash=False)

    def __reduce__(self) -> tuple[Callable[[], Actor], tuple[()]]:
        # Queues of hosts pickle actors, and a read-only mapping cannot be pickled.
        fields = {each.name: getattr(self, each.name) for each in attrs.fields(type(self))}
        return partial(type(self), **fields | {"attributes": dict(self.attributes)}), ()

    @property
    def may_import_export_tickets(self) -> bool:
        """Whether a role of the actor grants "Import / Export Tickets"."""
        return SystemPermissions.IMPORT_EXPORT_TICKETS in self.permissions
