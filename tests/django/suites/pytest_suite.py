"""The claims as a host writes them for pytest-django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.django.suites.claims import VIEW, make_desk, stored
from tests.django.suites.urls import HostError
from ticket_export.testing.django import ExportsInTests, exports_in_tests


@pytest.fixture
def exports() -> Iterator[ExportsInTests]:
    with exports_in_tests() as exports:
        yield exports


@pytest.fixture
def ada() -> User:
    return make_desk()


@pytest.mark.django_db
def test_a_commit_leaves_one_of_each(
    exports: ExportsInTests, ada: User, client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(ada)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/exports/", VIEW, content_type="application/json")
    assert stored(exports) == (1, 1, 1)
    exports.run()
    assert exports.text(answer.json()["id"]) == "Subject,State\nPrinter,Done\nWi-Fi,Open\n"


@pytest.mark.django_db
def test_an_error_after_the_request_leaves_nothing(
    exports: ExportsInTests, ada: User, client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(ada)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(HostError):
        client.post("/requested/error/")
    assert stored(exports) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_commit_leaves_one_of_each_in_real_transactions(exports: ExportsInTests, ada: User, client: Any) -> None:
    client.force_login(ada)
    answer = client.post("/exports/", VIEW, content_type="application/json")
    assert stored(exports) == (1, 1, 1)
    exports.run()
    assert exports.text(answer.json()["id"]) == "Subject,State\nPrinter,Done\nWi-Fi,Open\n"


@pytest.mark.django_db(transaction=True)
def test_an_error_after_the_request_leaves_nothing_in_real_transactions(
    exports: ExportsInTests, ada: User, client: Any
) -> None:
    client.force_login(ada)
    with pytest.raises(HostError):
        client.post("/requested/error/")
    assert stored(exports) == (0, 0, 0)


def test_without_a_mark_the_database_is_refused(exports: ExportsInTests) -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        exports.run()
