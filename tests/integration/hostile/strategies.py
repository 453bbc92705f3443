"""What a hostile client may send."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies import views
from ticket_export.ports import TicketColumn

_FRAGMENTS = st.sampled_from(
    [
        "'",
        '"',
        ";",
        "--",
        "/*",
        "%",
        "_",
        "\\",
        "\x00",
        "\ud800",
        "\udfff",
        ":a",
        "?",
        "?1",
        "%(x)s",
        "{0}",
        "' OR 1=1 --",
        '\'; DROP TABLE "Tickets"; --',
        '"."',
        "[",
        "]",
        "\N{FULLWIDTH EQUALS SIGN}",
        "İ",
        "ß",
        "\r\n",
    ]
)
#: Any text at all: lone surrogates, NUL and what SQL takes for its own included.
any_text = st.text(st.characters(exclude_categories=()), max_size=12) | st.lists(_FRAGMENTS, max_size=4).map("".join)

_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1]),
    # Python refuses to write the larger one as text, Hypothesis's own reports included.
    st.sampled_from([400, 5000]).map(lambda power: 10**power),
    st.floats(),
    st.uuids(),
    st.binary(max_size=4),
    any_text,
)
_keys = st.one_of(any_text, st.integers(), st.floats(), st.booleans(), st.none(), st.tuples(st.integers()))
#: JSON and what looks like it, keys that are no text included.
junk = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=3).map(tuple), st.dictionaries(_keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def spoiled_views(draw: st.DrawFn, columns: list[TicketColumn]) -> dict[Any, Any]:
    """A valid view of which a part or two were exchanged."""
    view: dict[Any, Any] = draw(views(columns))
    for _ in range(draw(st.integers(1, 2))):
        filters = view.get("filters")
        targets: list[Any] = [view]
        if isinstance(filters, list):
            targets += [each for each in filters if isinstance(each, dict)]
        target = draw(st.sampled_from(targets))
        key = draw(st.sampled_from(list(target)) | _keys | st.sampled_from(["scope", "viewId", "ViewId"]))
        target[key] = draw(junk | any_text)
    return view
