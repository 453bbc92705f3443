"""The contract of `UserDirectory`.

Inherit it in your adapter's tests::

    class TestMyDirectory(UserDirectoryContract[MyDirectory]):
        @pytest.fixture
        def directory(self) -> MyDirectory: ...
        def put_behind(self, directory: MyDirectory, user: User, roles: Sequence[int]) -> None: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

import attrs
import pytest

from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.domain.system_permissions import SystemPermissions
from ticket_export.domain.user import User
from ticket_export.domain.user_id import UserKeyType
from ticket_export.testing.entities import a_user_id

U = TypeVar("U", bound=UserDirectory)

_P = SystemPermissions
#: A permission of the host that the library has no name for.
UNKNOWN_FLAG = 1 << 20


class UserDirectoryContract(Generic[U]):
    """The tests; override the fixture `directory` and `put_behind`."""

    #: The type of the users' keys.
    user_key: ClassVar[UserKeyType] = UUID

    @pytest.fixture
    def directory(self) -> U:
        """The adapter under test, without users."""
        raise NotImplementedError

    def put_behind(self, directory: U, user: User, roles: Sequence[int]) -> None:
        """Store the user with exactly these roles, each as its sum of permission flags.

        A user of the same id, and the roles they had, are replaced.
        """
        raise NotImplementedError

    @pytest.fixture
    def ann(self) -> User:
        """An ordinary member of the staff."""
        return User(
            id=a_user_id(self.user_key), first_name="Ann", last_name="Lee", email_address="Ann.Lee@Example.test"
        )

    def test_a_user_is_found_by_id_and_by_address(self, directory: U, ann: User) -> None:
        self.put_behind(directory, ann, [_P.IMPORT_EXPORT_TICKETS])
        actor = Actor(user_id=ann.id, is_admin=False, permissions=_P.IMPORT_EXPORT_TICKETS)
        assert directory.find(ann.id) == actor
        assert directory.find_by_email("Ann.Lee@Example.test") == actor

    @pytest.mark.parametrize("spelling", ["ann.lee@example.test", "ANN.LEE@EXAMPLE.TEST", "aNN.lEE@eXAMPLE.tEST"])
    def test_letter_case_of_an_address_means_nothing(self, directory: U, ann: User, spelling: str) -> None:
        self.put_behind(directory, ann, [])
        found = directory.find_by_email(spelling)
        assert found is not None
        assert found.user_id == ann.id

    @pytest.mark.parametrize("address", ["%", "_nn.lee@example.test", "ann.lee@example.tes", "", "' OR 1=1 --"])
    def test_an_address_is_compared_whole_and_literally(self, directory: U, ann: User, address: str) -> None:
        self.put_behind(directory, ann, [])
        assert directory.find_by_email(address) is None

    def test_somebody_unknown_is_not_found(self, directory: U, ann: User) -> None:
        self.put_behind(directory, ann, [])
        assert directory.find(a_user_id(self.user_key)) is None
        assert directory.find_by_email("bob@example.test") is None

    def test_the_right_one_of_several_is_found(self, directory: U, ann: User) -> None:
        bob = attrs.evolve(ann, id=a_user_id(self.user_key), email_address="bob@example.test", is_admin=True)
        self.put_behind(directory, ann, [_P.MANAGE_TEAMS])
        self.put_behind(directory, bob, [_P.IMPORT_EXPORT_TICKETS])
        as_bob = Actor(user_id=bob.id, is_admin=True, permissions=_P.IMPORT_EXPORT_TICKETS)
        assert directory.find(bob.id) == as_bob
        assert directory.find_by_email("bob@example.test") == as_bob

    def test_an_inactive_user_is_not_found(self, directory: U, ann: User) -> None:
        self.put_behind(directory, attrs.evolve(ann, is_active=False), [_P.IMPORT_EXPORT_TICKETS])
        assert directory.find(ann.id) is None
        assert directory.find_by_email(ann.email_address or "") is None

    def test_permissions_are_those_of_all_roles_together(self, directory: U, ann: User) -> None:
        both = _P.MANAGE_TICKETS | _P.ACCESS_REPORTS
        self.put_behind(directory, ann, [both, _P.ACCESS_REPORTS | _P.IMPORT_EXPORT_TICKETS])
        found = directory.find(ann.id)
        assert found is not None
        assert found.permissions == both | _P.IMPORT_EXPORT_TICKETS

    @pytest.mark.parametrize("roles", [[], [_P.NONE]], ids=["no role", "an empty role"])
    def test_without_a_granting_role_there_is_no_permission(
        self, directory: U, ann: User, roles: list[SystemPermissions]
    ) -> None:
        self.put_behind(directory, attrs.evolve(ann, is_admin=True), roles)
        assert directory.find(ann.id) == Actor(user_id=ann.id, is_admin=True, permissions=_P.NONE)

    def test_a_flag_that_the_library_does_not_know_harms_nothing(self, directory: U, ann: User) -> None:
        self.put_behind(directory, ann, [UNKNOWN_FLAG | _P.IMPORT_EXPORT_TICKETS])
        found = directory.find(ann.id)
        assert found is not None
        assert found.may_import_export_tickets
        assert _P.MANAGE_USERS not in found.permissions

    def test_a_right_that_is_taken_away_is_gone_at_once(self, directory: U, ann: User) -> None:
        self.put_behind(directory, ann, [_P.IMPORT_EXPORT_TICKETS])
        assert directory.find(ann.id) is not None
        self.put_behind(directory, ann, [])
        assert directory.find(ann.id) == Actor(user_id=ann.id, permissions=_P.NONE)
        self.put_behind(directory, attrs.evolve(ann, is_active=False), [])
        assert directory.find(ann.id) is None
