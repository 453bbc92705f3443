"""The limits of a view. A larger view is refused before it costs much time or memory."""

from __future__ import annotations

from typing import Final

#: Bytes of JSON, in UTF-8, as sent and as stored.
MAX_JSON: Final = 256 * 1024
#: Lists and objects inside each other.
MAX_DEPTH: Final = 100
#: Lists, objects and keys together. A filter has five at most.
MAX_PARTS: Final = 2_000
#: Members of all lists and objects together: 50 lists of 500 values and the rest of a view.
MAX_MEMBERS: Final = 30_000
#: Keys of one object; more than all spellings of all known keys.
MAX_KEYS: Final = 30
#: Columns where the catalog is not known; a SELECT of PostgreSQL has at most 1,664.
MAX_COLUMNS: Final = 1_664
#: More filters than a person can read; the query stays inside the limits of every database.
MAX_FILTERS: Final = 50
#: Values of one filter. A longer list belongs in a table of the host.
MAX_VALUES: Final = 500
#: Characters of the trimmed search term.
MAX_SEARCH: Final = 1_000
#: Characters of a selection: the address of a list, or some thousand ids.
MAX_SELECTION: Final = 64 * 1024
#: Characters of one value, and of the JSON of a `view_id`.
MAX_VALUE: Final = 10_000
#: Characters of stored JSON; a list of jobs does not read longer views.
SHORT_VIEW: Final = 2_000
