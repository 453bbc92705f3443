"""One download that is cut again and again, and what each of its answers must be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

import attrs

from tests.web.cut_client import NOT_READ, Answer, Hanging, ask
from tests.web.download_scene import ADMIN, ENDINGS, DownloadScene, StoredFile
from tests.web.hosts.desk import HEADER

#: The storage fails in the middle of an answer.
FAILURE: Final = "failure"
#: What may befall a download; those of `ENDINGS` end it.
EVENTS: Final = (*ENDINGS, "replaced", "outage", "broken connection", FAILURE)
#: How a download ends that was not refused.
WHOLE: Final = "whole"

_MOST_CUTS: Final = 4
# More than a download ever needs.
_MOST_REQUESTS: Final = 100
# How much a server that sends a large file may be ahead of its client.
_WINDOW: Final = 1 << 14


@attrs.frozen
class _Resumption:
    """A way to go on: its headers, the status of the answer, and the bytes of the file that are then sent."""

    headers: Mapping[str, str]
    status: int
    part: slice = slice(0, 0)


def _resumptions(file: StoredFile, received: int, random: Random) -> list[tuple[_Resumption, int]]:
    """Return the ways to go on after so many bytes, with their weights."""
    length, rest = len(file.data), {"Range": f"bytes={received}-"}
    end, other, others = random.randint(received, length - 1), '"another"', f"W/{file.tag}"

    def partly(headers: Mapping[str, str], stop: int = length) -> _Resumption:
        return _Resumption(headers, 206, slice(received, stop))

    def wholly(headers: Mapping[str, str]) -> _Resumption:
        return _Resumption(headers, 200, slice(0, length))

    return [
        (partly({**rest, "If-Range": file.tag}), 12),
        (partly(rest), 4),
        (partly({**rest, "If-Match": f"{other}, {file.tag}"}), 4),
        (partly({"Range": f"bytes={received}-{end}", "If-Range": file.tag}, end + 1), 3),
        (partly({"Range": f"bytes=-{length - received}", "If-Range": file.tag}), 2),
        (wholly({**rest, "If-Range": other}), 1),
        (wholly({**rest, "If-Range": others}), 1),
        (wholly({**rest, "If-Range": "Sun, 29 Nov 9999 12:00:00 GMT"}), 1),
        (wholly({"Range": f"bytes={received}-,0-0,-1"}), 1),
        (_Resumption({**rest, "If-Match": other}, 412), 1),
        (_Resumption({**rest, "If-Match": others}, 412), 1),
        (_Resumption({**rest, "If-None-Match": others}, 304), 1),
        (_Resumption({"Range": f"bytes={length}-", "If-Range": file.tag}, 416), 1),
    ]


@attrs.define(kw_only=True)
class CutDownload:
    """The download of a file that `event` befalls once, if there is one; what happened is counted in `tally`."""

    scene: DownloadScene
    random: Random
    file: StoredFile
    is_packed: bool
    event: str | None
    tally: Counter[str]
    _received: bytes = attrs.field(default=b"", init=False)

    def run(self) -> str:
        """Download to the end; return `WHOLE`, or the event that ended it."""
        cuts = self.random.randint(1, _MOST_CUTS)
        befallen = None if self.event is None else self.random.randrange(cuts)
        for number in range(_MOST_REQUESTS):
            if number == befallen and self._ends_by_event():
                return str(self.event)
            if not self._is_whole:
                self._go_on(hangs_up=number < cuts)
            if self._is_whole:
                assert self._received == self.file.data
                return WHOLE
        raise AssertionError("the download does not come to its end")

    @property
    def _is_whole(self) -> bool:
        return len(self._received) == len(self.file.data)

    def _ends_by_event(self) -> bool:
        """Let the event happen; return whether it ended the download."""
        event = str(self.event)
        self.tally[event] += 1
        if event == "replaced":
            old, self.file = self.file, self.scene.retry(self.file, is_packed=self.is_packed)
            self._claim_other_file(old)
        elif event == "outage":
            with self.scene.outage():
                self._claim_refused(503, "storage")
        elif event == FAILURE:
            with self.scene.failure(self.file):
                self._claim_cut()
        elif event == "broken connection":
            self._go_on(hangs_up=False, meanwhile=self.scene.break_connections)
        else:
            befall, status, code = ENDINGS[event]
            if self.random.random() < 0.5:
                # What was opened is sent to its end, or it is cut.
                self._go_on(hangs_up=False, meanwhile=lambda: befall(self.scene, self.file), may_be_cut=True)
            else:
                befall(self.scene, self.file)
            self._claim_refused(status, code)
            return True
        return False

    def _go_on(self, *, hangs_up: bool, meanwhile: Callable[[], None] | None = None, may_be_cut: bool = False) -> None:
        """Ask for more; the answer must be the right one, and whole unless it may be cut."""
        wanted = self._wanted()
        right = self.file.data[wanted.part]
        hanging = None
        if hangs_up and right:
            hanging = Hanging(after=self.random.randint(-1, len(right) - 1), with_reset=self.random.random() < 0.5)
        answer = self._ask(wanted.headers, hanging, meanwhile)
        if answer.status == NOT_READ:
            return
        assert answer.status == wanted.status, (answer, wanted)
        if wanted.status not in {200, 206}:
            self._claim_nothing_new(answer)
            return
        assert (answer.announced, answer.start) == (len(right), wanted.part.start)
        assert (answer.headers["etag"], answer.digest) == (self.file.tag, self.file.digest)
        assert right.startswith(answer.body)
        assert answer.is_whole or hangs_up or may_be_cut, f"cut after {len(answer.body)} of {len(right)} bytes"
        self.tally["cut by the server"] += not (answer.is_whole or hangs_up)
        self._received = (self._received if wanted.status == 206 else b"") + answer.body

    def _wanted(self) -> _Resumption:
        if not self._received:
            return _Resumption({}, 200, slice(0, len(self.file.data)))
        ways = _resumptions(self.file, len(self._received), self.random)
        return self.random.choices([way for way, _ in ways], [weight for _, weight in ways])[0]

    def _claim_nothing_new(self, answer: Answer) -> None:
        if answer.status == 304:
            assert answer.headers["etag"] == self.file.tag
            return
        _claim_problem(answer, answer.status, {412: "precondition", 416: "range"}[answer.status])
        if answer.status == 416:
            assert answer.headers["content-range"] == f"bytes */{len(self.file.data)}"

    def _claim_cut(self) -> None:
        """An answer that cannot be completed does not end like a complete one."""
        answer = self._ask({})
        assert (answer.status, answer.announced) == (200, len(self.file.data))
        assert not answer.is_whole
        assert self.file.data.startswith(answer.body)
        self.tally["cut by the server"] += 1
        self._received = answer.body

    def _claim_refused(self, status: int, code: str) -> None:
        condition = self.random.choice(["If-Range", "If-Match", "X-None"])
        # A range beyond the end would be refused for itself.
        first = min(len(self._received), len(self.file.data) - 1)
        _claim_problem(self._ask({"Range": f"bytes={first}-", condition: self.file.tag}), status, code)

    def _claim_other_file(self, old: StoredFile) -> None:
        """The bytes of the old file are not completed by those of the new one."""
        rest = {"Range": f"bytes={len(self._received)}-"}
        _claim_problem(self._ask({**rest, "If-Match": old.tag}), 412, "precondition")
        answer = self._ask({**rest, "If-Range": old.tag})
        assert (answer.status, answer.body, answer.digest) == (200, self.file.data, self.file.digest)
        self._received = b""

    def _ask(
        self,
        headers: Mapping[str, str],
        hanging: Hanging | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Answer:
        window = _WINDOW if meanwhile is not None or self.random.random() < 0.5 else None
        url = self.scene.file_url(self.file.job_id)
        answer = ask(url, {HEADER: ADMIN, **headers}, hanging=hanging, window=window, meanwhile=meanwhile)
        self.tally["requests"] += 1
        self.tally["cut by the client"] += hanging is not None
        self.tally["not read" if answer.status == NOT_READ else f"status {answer.status}"] += 1
        return answer


def _claim_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert (problem["status"], problem["code"]) == (status, code)
