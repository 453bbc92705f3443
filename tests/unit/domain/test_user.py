from __future__ import annotations

from uuid import uuid4

import attrs
import pytest

from ticket_export.domain.user import User


def user(first_name: str, last_name: str) -> User:
    return User(id=uuid4(), first_name=first_name, last_name=last_name, email_address="ada@example.test")


@pytest.mark.parametrize(
    ("first_name", "last_name", "full_name"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("Ada", "", "Ada"),
        ("", "Lovelace", "Lovelace"),
        ("", "", ""),
        ("Ada", " ", "Ada"),
        ("Mary Ann", "Evans", "Mary Ann Evans"),
    ],
)
def test_full_name_has_no_stray_space(first_name: str, last_name: str, full_name: str) -> None:
    assert user(first_name, last_name).full_name == full_name


def test_a_user_is_active_staff_unless_said_otherwise() -> None:
    ada = user("Ada", "Lovelace")
    assert (ada.is_admin, ada.is_active) == (False, True)


def test_a_user_is_a_value_that_nobody_changes() -> None:
    ada = user("Ada", "Lovelace")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ada.is_admin = True  # type: ignore[misc]
