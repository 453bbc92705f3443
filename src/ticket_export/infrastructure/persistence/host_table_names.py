"""What a host's own tables and columns are called, where they differ from the seed's."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class HostTable:
    """One table of the host.

    `columns` maps a Python name to the host's column name (``{"email_address": "email"}``); what it
    leaves out has the seed's name.
    """

    name: str
    columns: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class HostTableNames:
    """The three tables that the host brings along, with the seed's names as the default."""

    users: HostTable = HostTable("Users")
    media_items: HostTable = HostTable("MediaItems")
    background_tasks: HostTable = HostTable("BackgroundTasks")


#: The names of the owner's data model.
SEED_TABLE_NAMES = HostTableNames()
