from __future__ import annotations

import pytest
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff

from tests.integration.s3.scene import S3Scene
from tests.s3_fixtures import Bucket


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 tries again at once, and as often in the last test as in the first: its clients budget their retries."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)
    monkeypatch.setattr(RetryQuota, "acquire", lambda self, capacity_amount: True)


@pytest.fixture
def scene(bucket: Bucket) -> S3Scene:
    return S3Scene(bucket)
