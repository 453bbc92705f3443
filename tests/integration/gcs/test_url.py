"""The URL of a storage of Google Cloud: what is not one, and what is said without Google's library."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ticket_export import Settings
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.storage.gcs import GcsStorage


def run(program: str) -> subprocess.CompletedProcess[str]:
    hidden = "import sys; sys.modules['google.cloud.storage'] = None\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + program], capture_output=True, text=True, check=False, timeout=60
    )


def test_storage_without_its_extra_names_the_extra() -> None:
    ran = run(
        "from ticket_export import Settings\nfrom ticket_export.infrastructure.storage.registry import open_storage\n"
        "open_storage(Settings(storage_url='gs://bucket/prefix'))"
    )
    assert ran.returncode == 1
    assert "MissingExtraError: the storage of Google Cloud needs an optional dependency" in ran.stderr
    assert "pip install 'ticket-export[gcs]'" in ran.stderr


@pytest.mark.parametrize(
    "url",
    [
        "gs://",
        "gs://user:secret@bucket/prefix",
        "gs://bucket/../prefix",
        "gs://bucket/prefix?endpoint=http://127.0.0.1",
        "gs://Bucket/prefix",
        "gcs://bucket/prefix",
    ],
)
def test_url_that_is_not_one_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="gs://bucket/prefix") as caught:
        GcsStorage.from_url(url, Settings())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["gs://bucket", "gs://bucket/", "gs://my.bucket_of-0/a/b"])
def test_place_is_the_url_without_a_slash_at_its_end(url: str) -> None:
    assert GcsStorage.from_url(url, Settings()).place == url.rstrip("/")
