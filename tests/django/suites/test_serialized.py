"""The claims after a flush that restores the rows of the migrations.

Alone: Django does not restore them after a case that does not ask for it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from django.test import TransactionTestCase

from tests.django.suites.claims import ExportClaims


class SerializedCaseTests(ExportClaims, TransactionTestCase):
    """With the rows of the migrations restored before each test."""

    serialized_rollback = True

    def committing(self) -> AbstractContextManager[object]:
        return nullcontext()
