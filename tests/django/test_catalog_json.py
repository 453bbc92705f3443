"""A path in a JSON document: the same bytes on both databases for any document, and texts as they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.django.in_process import SERVER, SQLITE, empty, set_up_django

set_up_django()

from tests.django.kinds.models import Case  # noqa: E402
from tests.django.read_catalog import records  # noqa: E402
from ticket_export import unguard  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import catalog_for  # noqa: E402
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog  # noqa: E402
from ticket_export.infrastructure.tickets.joined_tags import json_text  # noqa: E402

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.text(LETTERS, max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
PATHS = ["custom__k", "custom__k__0", "custom__k__-1", "custom__k__0__0", "custom__k__k", "custom__0"]


@pytest.fixture(scope="module")
def catalogs(desk_databases: tuple[str, str]) -> dict[str, DjangoTicketCatalog]:
    """Catalogs of one case in each database."""
    made = {}
    for alias in desk_databases:
        empty(alias)
        Case.objects.using(alias).create(title="one")
        made[alias] = catalog_for(Case.objects.using(alias), columns=PATHS, visible_to=EVERY_ROW)
    return made


@given(document=DOCUMENTS)
@example(document="5")
@example(document=1e-7)
@example(document=-0.0)
@example(document=10**300)
@example(document=[["a", "b"], 1])
@example(document={"k": "x", "0": "not a place in a list"})
@example(document='"quoted" \\ ä')
def test_both_databases_show_the_same_of_any_document(catalogs: dict[str, DjangoTicketCatalog], document: Any) -> None:
    found = {}
    for alias, catalog in catalogs.items():
        Case.objects.using(alias).update(custom={"k": document})
        (found[alias],) = records(catalog)
    assert found[SQLITE] == found[SERVER]
    if isinstance(document, str):
        assert unguard(found[SQLITE][0]) == document
    if document is None:
        assert found[SQLITE] == [""] * len(PATHS)


@pytest.mark.parametrize(
    ("text", "keys", "wanted"),
    [
        ('{"a": "x"}', ["a"], "x"),
        ('{"a": 1.50}', ["a"], "1.50"),
        ('{"a": [1]}', ["a", "0"], None),
        ('{"0": 1}', [0], None),
        ("[1, 2]", [-1], "2"),
        ("[1, 2]", [2], None),
        ("[1, 2]", [-3], None),
        ('{"a": null}', ["a"], None),
        ("not JSON", ["a"], None),
        ("", ["a"], None),
        ("[" * 100_000, [0], None),
        ('{"a": 1e9999}', ["a"], None),
    ],
    ids=map(str, range(12)),
)
def test_what_is_not_there_is_nothing_and_never_an_error(text: str, keys: list[str | int], wanted: str | None) -> None:
    assert json_text(text, keys) == wanted
