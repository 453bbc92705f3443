"""S3 is away for seconds or minutes, by the clock: the export goes on within the patience, or is made later."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Timer

import pytest

from tests.cut_proxy import CutProxy, cut_proxy
from tests.integration.s3.scene import S3Scene
from tests.s3_server import S3Request
from tests.true_outages import needs_true_outages
from ticket_export import Settings
from ticket_export.infrastructure.storage.s3.storage import S3Storage

pytestmark = [pytest.mark.stores, needs_true_outages]


class TimedOutage:
    """Lets S3 be away for so many seconds from the second part on."""

    def __init__(self, proxy: CutProxy, seconds: float, *, is_silent: bool) -> None:
        self._proxy, self._is_silent = proxy, is_silent
        self.end = Timer(seconds, proxy.mend)

    def __call__(self, request: S3Request) -> Iterable[bytes]:
        if request.name != "UploadPart 2" or self.end.ident is not None:
            return request.serve()
        (self._proxy.silence if self._is_silent else self._proxy.cut)()
        self.end.start()
        return request.hang_up()


@pytest.mark.parametrize(
    ("seconds", "away"), [(2, "cut"), (10, "cut"), (40, "cut"), (90, "cut"), (40, "silent"), (90, "silent")]
)
def test_export_completes_within_the_patience_of_a_minute_or_in_the_next_attempt(
    scene: S3Scene, seconds: int, away: str
) -> None:
    with cut_proxy(scene.bucket.endpoint_url) as proxy:
        settings = Settings(storage_url=scene.bucket.url, s3_endpoint_url=proxy.url)
        assert settings.storage_patience_seconds == 60
        scene.desk.storage = S3Storage.from_url(scene.bucket.url, settings)  # type: ignore[assignment]
        scene.bucket.s3.fault = outage = TimedOutage(proxy, seconds, is_silent=away == "silent")
        is_lost = seconds > settings.storage_patience_seconds
        assert scene.run() == ("queued" if is_lost else "completed")
        outage.end.join(60)
        assert scene.desk.task(scene.job_id).number_of_retries == is_lost
        if is_lost:
            assert scene.run() == "completed"
        scene.claim_whole()
        scene.claim_swept()
