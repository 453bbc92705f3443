"""The limits of a view. A request beyond them is refused before it costs anything."""

from __future__ import annotations

from typing import Final

#: Bytes of JSON, in UTF-8, as sent and as stored.
MAX_JSON: Final = 256 * 1024
#: Lists and objects inside each other.
MAX_DEPTH: Final = 100
#: Lists, objects and keys together. A filter has five at most.
MAX_PARTS: Final = 2_000
#: Members of all lists and objects together: 50 lists of 500 values, and all the rest.
MAX_MEMBERS: Final = 30_000
#: Keys of one object; far more than there are spellings of keys that mean anything.
MAX_KEYS: Final = 30
#: Where the catalog is not known; a SELECT of PostgreSQL has at most 1,664.
MAX_COLUMNS: Final = 1_664
#: More filters than a person reads; keeps the query inside every database's limits.
MAX_FILTERS: Final = 50
#: Of one filter. A longer list belongs in a table of the host's, not in a view.
MAX_VALUES: Final = 500
#: Characters of the search term, without the blanks around it.
MAX_SEARCH: Final = 1_000
#: Characters of one value; of the JSON of a `view_id` too.
MAX_VALUE: Final = 10_000
#: Characters of the stored JSON of the longest view that is read with a job of several.
SHORT_VIEW: Final = 2_000
