"""The names of the host's three tables that ``ExportJobs`` refers to."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class HostTable:
    """One table of the host.

    `columns` maps a Python name to the host's column name (``{"email_address": "email"}``). A column that it leaves out
    has the seed's name.
    """

    name: str
    columns: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class HostTableNames:
    """The host's three tables; the defaults are the seed's names."""

    users: HostTable = HostTable("Users")
    media_items: HostTable = HostTable("MediaItems")
    background_tasks: HostTable = HostTable("BackgroundTasks")


#: The names of the seed's data model.
SEED_TABLE_NAMES = HostTableNames()
