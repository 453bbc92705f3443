"""The names of requesters whom the users table does not name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import attrs

from ticket_export.application.dto import ExportJobDto
from ticket_export.application.ports.user_directory import SupportsNames, UserDirectory
from ticket_export.application.safe_text import require_storable
from ticket_export.domain.user_id import UserId

_log = logging.getLogger(__name__)


@attrs.frozen
class RequesterNames:
    """Asks the user directory, if it has the ability, in one call for all exports of a page.

    The call may be slow, so make it outside of a transaction. If it fails, the names are missing.
    """

    user_directory: Callable[[], UserDirectory]

    def added_to(self, exports: Sequence[ExportJobDto]) -> list[ExportJobDto]:
        """Return the exports with a name for each requester that the directory knows."""
        unnamed = dict.fromkeys(each.requester_user_id for each in exports if each.requester_name is None)
        names = self._names(tuple(unnamed)) if unnamed else {}
        return [
            each.model_copy(update={"requester_name": names[each.requester_user_id]})
            if each.requester_name is None and each.requester_user_id in names
            else each
            for each in exports
        ]

    def _names(self, user_ids: Sequence[UserId]) -> Mapping[UserId, str]:
        try:
            directory = self.user_directory()
            found = directory.names(user_ids) if isinstance(directory, SupportsNames) else {}
            return {user_id: found[user_id] for user_id in user_ids if _is_name(found.get(user_id))}
        except Exception:  # noqa: BLE001 - an export is shown without the name of its requester rather than not at all
            _log.exception("the user directory returned no names of requesters")
            return {}


def _is_name(found: object) -> bool:
    if not isinstance(found, str) or not found.strip():
        return False
    try:
        require_storable(found)
    except ValueError:
        return False
    return True
