"""A download cannot be broken: however often it is cut, it ends as the very file, or is refused and says why.

``make downloads`` makes a thousand; ``CUT_DOWNLOADS=500`` as many for each server and storage, and ``CUT_SEED`` repeats
what a run printed.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.s3_fixtures import Bucket
from tests.web.cut_download import EVENTS, FAILURE, WHOLE, CutDownload
from tests.web.download_scene import ENDINGS, DownloadScene, StoredFile, download_scene
from tests.web.server_resources import Resources
from tests.web.servers import FRAMEWORKS

# The servers are other processes, and the tests of the units run the same lines.
pytestmark = pytest.mark.no_cover
# A hundred in all.
DOWNLOADS = int(os.environ.get("CUT_DOWNLOADS", "17"))
# In tickets; the largest file has some megabytes.
SIZES = (1, 40, 400, 6_000)
# Every event happens, and half of the downloads are only cut.
CASES = (*EVENTS, *[None] * 9)
# A server keeps connections to a storage for its next requests: boto3's pool has ten.
POOL = 10
# uvicorn and gunicorn have a few of their own, and start those that read files as they need them.
FEW_THREADS = 16


@pytest.fixture(params=["local", "s3"])
def bucket(request: pytest.FixtureRequest) -> Bucket | None:
    found: Bucket | None = request.getfixturevalue("bucket") if request.param == "s3" else None
    return found


@pytest.fixture(params=FRAMEWORKS)
def scene(request: pytest.FixtureRequest, bucket: Bucket | None, tmp_path: Path) -> Iterator[DownloadScene]:
    with download_scene(str(request.param), tmp_path, bucket, tickets=max(SIZES)) as scene:
        yield scene


def test_cut_downloads_end_as_the_very_file_or_are_refused(
    scene: DownloadScene, capsys: pytest.CaptureFixture[str]
) -> None:
    seed, began = os.environ.get("CUT_SEED") or str(Random().randrange(1_000_000)), time.monotonic()
    random, tally = Random(seed), Counter[str]()
    files = {
        (size, is_packed): scene.complete(size, is_packed=is_packed) for size in SIZES for is_packed in (False, True)
    }
    sys.stdout.write(f"CUT_SEED={seed}\n")
    for number in range(DOWNLOADS):
        event = CASES[number % len(CASES)]
        ended = _download(scene, files, random, event, tally)
        assert ended == (event if event in ENDINGS else WHOLE)
        tally[f"ended {ended}"] += 1
    assert tally["cut by the server"] or len(CASES) > DOWNLOADS
    counts = ", ".join(f"{name}: {tally[name]}" for name in sorted(tally))
    line = f"\n{DOWNLOADS} downloads with CUT_SEED={seed} in {time.monotonic() - began:.0f} s: {counts}\n"
    with capsys.disabled():
        sys.stderr.write(line)
    _claim_released(scene)


def _download(
    scene: DownloadScene,
    files: dict[tuple[int, bool], StoredFile],
    random: Random,
    event: str | None,
    tally: Counter[str],
) -> str:
    size, is_packed = random.choice(SIZES), random.random() < 0.5
    if event == FAILURE:
        # One of several blocks, so that the answer begins before the storage fails.
        size, is_packed = max(SIZES), False
    file = files[size, is_packed] if event is None else scene.complete(size, is_packed=is_packed)
    return CutDownload(scene=scene, random=random, file=file, is_packed=is_packed, event=event, tally=tally).run()


def _claim_released(scene: DownloadScene) -> None:
    """The server keeps no file and no connection of a download, and few threads."""
    deadline = time.monotonic() + 60
    left = scene.resources()
    while (left.files or left.clients) and time.monotonic() < deadline:
        time.sleep(0.1)
        left = scene.resources()
    assert left == Resources(
        files=0, clients=0, storage=min(left.storage, POOL), threads=min(left.threads, FEW_THREADS)
    )
