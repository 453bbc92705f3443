from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.hostile.help_desk import HostileHelpDesk

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileHelpDesk]:
    desk = HostileHelpDesk(tmp_path_factory.mktemp("hostile"))
    yield desk
    desk.claim_data_unchanged()
    desk.container.engine().dispose()
