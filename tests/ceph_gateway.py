"""A real S3 server for the tests: Ceph's RADOS Gateway with a cluster of its own, in memory, on the loopback.

Debian's packages `radosgw`, `ceph-mon` and `ceph-osd` have all that it needs. It starts in two seconds.
"""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final
from urllib.error import URLError
from uuid import uuid4

from tests.programs import require_program
from tests.s3_back_door import BACK_DOOR, back_door
from tests.s3_fixtures import ENVIRONMENT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: The one key that the gateway can encrypt with; it knows `aws:kms`, and ignores `AES256` without a word.
KMS_KEY: Final = "test-key"
# Seconds; only a failing test waits for so long.
_PATIENCE: Final = 60
_PROGRAMS: Final = ("ceph-mon", "ceph-osd", "monmaptool", "ceph", "radosgw", "radosgw-admin")
# One process of each kind, which trusts the loopback, forgets everything and writes nothing outside of its folder.
# Without `crc`, clients without a key wait 300 s for the monitor. Without the short interval, each pool takes a second,
# and without `tcp_nodelay` most answers take 40 ms. A gateway that was killed is waited for until the two timeouts end.
_CONFIGURATION: Final = """
[global]
fsid = {cluster}
mon host = [v2:127.0.0.1:{monitor_port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc secure
run dir = {folder}
crash dir = {folder}
admin socket =
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
paxos propose interval = 0.05
osd client watch timeout = 1
osd default notify timeout = 1
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw enable gc threads = false
rgw enable lc threads = false
rgw enable quota threads = false
rgw run sync thread = false
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = "{key}={secret}"
"""


class CephGateway:
    """The gateway of a cluster that runs; it can go away and come back, and its objects stay."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None
        command = _command("radosgw", self._folder, "--name=client.rgw", "--foreground")
        self._process = _start(command, self._folder)
        deadline = monotonic() + _PATIENCE
        while not self._answers():
            _require_running(self._process, deadline, self._folder)
            sleep(0.02)

    def stop(self) -> None:
        """Let it vanish in the middle of what it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    @property
    def is_away(self) -> bool:
        """Whether it was stopped, and not started since."""
        return self._process is None

    def client(self) -> S3Client:
        """One that knows nothing of this library, and has credentials of its own."""
        return back_door(self.url)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=_PATIENCE):
                return True
        except (URLError, OSError):
            return False


@contextmanager
def ceph_gateway() -> Iterator[CephGateway]:
    """A new cluster and its gateway; skips the test where Ceph is not installed."""
    for program in _PROGRAMS:
        require_program(program)
    monitor_port, port = _free_ports()
    with TemporaryDirectory(prefix="ceph-") as name, ExitStack() as running:
        folder = Path(name)
        cluster, disk = str(uuid4()), str(uuid4())
        configuration = _CONFIGURATION.format(
            cluster=cluster,
            monitor_port=monitor_port,
            folder=folder,
            port=port,
            key=KMS_KEY,
            secret=b64encode(b"k" * 32).decode(),
        )
        _configuration(folder).write_text(configuration, "utf-8")
        monitors = str(folder / "monitors")
        address = f"[v2:127.0.0.1:{monitor_port}]"
        _run([require_program("monmaptool"), "--create", "--fsid", cluster, "--addv", "a", address, monitors])
        (folder / "mon").mkdir()
        _run(_command("ceph-mon", folder, "--id=a", "--mkfs", f"--monmap={monitors}"))
        running.enter_context(_daemon(_command("ceph-mon", folder, "--id=a", "--foreground"), folder))
        (folder / "osd").mkdir()
        _run(_command("ceph", folder, "osd", "new", disk))
        _run(_command("ceph-osd", folder, "--id=0", "--mkfs", f"--osd-uuid={disk}"))
        running.enter_context(_daemon(_command("ceph-osd", folder, "--id=0", "--foreground"), folder))
        _make_user(folder)
        gateway = CephGateway(folder, port)
        running.callback(gateway.stop)
        gateway.start()
        yield gateway


def _make_user(folder: Path) -> None:
    """One with both pairs of credentials, so that the library may use the buckets of the back door."""
    as_admin = _command("radosgw-admin", folder, "--name=client.rgw", "--uid=desk")
    library = (ENVIRONMENT["AWS_ACCESS_KEY_ID"], ENVIRONMENT["AWS_SECRET_ACCESS_KEY"])
    _run([*as_admin, "user", "create", "--display-name=desk", *_key(library)])
    _run([*as_admin, "key", "create", *_key(BACK_DOOR)])


def _key(credentials: tuple[str, str]) -> list[str]:
    return [f"--access-key={credentials[0]}", f"--secret-key={credentials[1]}"]


def _configuration(folder: Path) -> Path:
    return folder / "ceph.conf"


def _command(program: str, folder: Path, *arguments: str) -> list[str]:
    return [require_program(program), f"--conf={_configuration(folder)}", *arguments]


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stderr}"


@contextmanager
def _daemon(command: list[str], folder: Path) -> Iterator[None]:
    process = _start(command, folder)
    try:
        yield
    finally:
        # Its data is in memory, so it has nothing to put in order.
        process.kill()
        process.wait(60)


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)


def _require_running(process: subprocess.Popen[bytes], deadline: float, folder: Path) -> None:
    output = (folder / "output").read_text("utf-8", "replace")
    assert process.poll() is None, f"the gateway ended: {output}"
    assert monotonic() < deadline, f"the gateway does not answer: {output}"


def _free_ports() -> tuple[int, int]:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as first,
        closing(socket.create_server(("127.0.0.1", 0))) as second,
    ):
        return first.getsockname()[1], second.getsockname()[1]
