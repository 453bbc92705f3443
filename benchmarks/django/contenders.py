"""The exports that are compared."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.contenders import DJANGO, OURS, Contender
from benchmarks.django.project import OurExport, PeerExport
from benchmarks.promises import Promises, Ratio

#: The size of a chunk with which django-import-export is fastest.
BEST_CHUNK = 2000
AS_INSTALLED = f"{DJANGO}, chunks of 100"
STREAMING = f"{DJANGO}, iterator()"
#: The two libraries, with the names of their exports of each view.
LIBRARIES: Mapping[str, Mapping[str, str]] = {
    each: {"all": each, "no tags": f"{each}, no tags", "own fields": f"{each}, own fields"} for each in (OURS, DJANGO)
}
#: The view of each.
VIEW_OF: Mapping[str, str] = {
    **{name: view for names in LIBRARIES.values() for view, name in names.items()},
    AS_INSTALLED: "all",
    STREAMING: "all",
}
CONTENDERS: Mapping[str, Contender] = {
    **{name: OurExport(view) for view, name in LIBRARIES[OURS].items()},
    **{name: PeerExport(view, chunk=BEST_CHUNK) for view, name in LIBRARIES[DJANGO].items()},
    AS_INSTALLED: PeerExport("all"),
    STREAMING: PeerExport("all", resource="StreamingTicketResource", chunk=BEST_CHUNK),
}
# The whole view is what is promised; the others say what its parts cost.
PROMISES = Promises(
    ratios=tuple(
        Ratio(slower, LIBRARIES[OURS][view], at_least=20 if view == "all" else None)
        for slower, view in VIEW_OF.items()
        if slower.startswith(DJANGO)
    ),
    ours=(OURS,),
)
#: On SQLite the work is Python's, so a ratio is measured and none is promised.
SQLITE_PROMISES = Promises(ratios=tuple(Ratio(each.above, each.below) for each in PROMISES.ratios), ours=(OURS,))
