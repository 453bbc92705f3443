"""``ticket-export demo --web`` as a user starts it, and a visitor of its pages."""

from __future__ import annotations

import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final

import attrs

from tests.e2e.command_line import SCRIPT, Ended, clean_environment

_LIMIT: Final = 60
_FROM_A_PAGE: Final = {"Sec-Fetch-Site": "same-origin"}


@attrs.frozen
class ServedDemo:
    """A demo that serves its help desk at `url`, which ends with a slash."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    def stop(self, number: signal.Signals) -> Ended:
        """Send the signal, and wait until the demo has ended."""
        self.process.send_signal(number)
        exit_code = self.process.wait(_LIMIT)
        return Ended(exit_code, (self.folder / "out").read_bytes(), (self.folder / "err").read_text("utf-8"))


@contextmanager
def served_demo(folder: Path, *arguments: str) -> Iterator[ServedDemo]:
    """Start the demo in a process group of its own; its output goes to the files ``out`` and ``err`` in `folder`."""
    out = folder / "out"
    with out.open("wb") as output, (folder / "err").open("wb") as errors:
        process = subprocess.Popen(
            [SCRIPT, "demo", "--web", *arguments],
            cwd=folder,
            env=clean_environment(),
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield ServedDemo(_address(process, out), process, folder)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(_LIMIT)


def _address(process: subprocess.Popen[bytes], out: Path) -> str:
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        if found := re.search(r"^The help desk is at (http://127\.0\.0\.1:\d+/)", out.read_text("utf-8"), re.MULTILINE):
            return found[1]
        assert process.poll() is None, "the demo has ended"
        time.sleep(0.05)
    raise AssertionError("the demo does not tell its address")


@attrs.frozen
class Answer:
    """The response at the end of all redirects."""

    status: int
    url: str
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def view(self) -> str:
        """The view of the Export button on the page, as JSON."""
        (found,) = re.findall(r'<ticket-export view="([^"]*)"', self.text)
        return unescape(found)


class Visitor:
    """A browser without JavaScript: it keeps cookies and follows redirects."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, headers: Mapping[str, str] = {}) -> Answer:
        return self._open(urllib.request.Request(self._url + path, headers={"Accept": "text/html", **headers}))

    def post(self, path: str, fields: Sequence[tuple[str, str]], headers: Mapping[str, str] = _FROM_A_PAGE) -> Answer:
        body = urllib.parse.urlencode(fields).encode()
        return self._open(
            urllib.request.Request(self._url + path, body, headers={"Accept": "text/html", **headers}, method="POST")
        )

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=_LIMIT) as response:
                return Answer(response.status, response.url, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, request.full_url, error.headers, error.read())
