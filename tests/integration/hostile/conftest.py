from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.hostile.help_desk import HostileHelpDesk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileHelpDesk]:
    desk = HostileHelpDesk(tmp_path_factory.mktemp("hostile"))
    yield desk
    desk.claim_data_unchanged()
    desk.container.engine().dispose()
