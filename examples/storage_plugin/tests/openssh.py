"""OpenSSH's server on 127.0.0.1, and a home folder whose user may log in: ``python tests/openssh.py PORT``."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class OpenSsh:
    """A server of the current user; its keys, its files and the home folder are in `folder`, an absolute path."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str) -> str:
        """Return the storage URL of a folder below `folder`."""
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{self.folder}/{name}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert SSHD, "sshd is not installed"
        if not self.home.exists():
            self._make_keys()
        if os.geteuid() == 0:
            # As root, sshd needs this folder; a system makes it when it starts its own sshd.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        options = {
            "ListenAddress": f"127.0.0.1:{self.port}",
            "HostKey": self.folder / "host_key",
            "AuthorizedKeysFile": self.home / ".ssh" / "id_ed25519.pub",
            "Subsystem": "sftp internal-sftp",
            "PasswordAuthentication": "no",
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([SSHD, "-D", "-q", "-f", "/dev/null", *arguments])
        deadline = monotonic() + 60
        while not self._listens():
            assert self.process.poll() is None, "sshd does not start"
            assert monotonic() < deadline, "sshd does not listen"
            sleep(0.02)

    def kill(self) -> None:
        """Kill it, and the process of each connection."""
        if self.process is not None:
            subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], check=False, timeout=60)
            self.process.kill()
            self.process.wait(60)
            self.process = None

    def _make_keys(self) -> None:
        ssh = self.home / ".ssh"
        ssh.mkdir(parents=True, mode=0o700)
        for path in (self.folder / "host_key", ssh / "id_ed25519"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)
        key = (self.folder / "host_key.pub").read_text(encoding="ascii")
        (ssh / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}", encoding="ascii")

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


if __name__ == "__main__":
    server = OpenSsh(Path("server").absolute(), int(sys.argv[1]))
    server.start()
    print("The server runs. Ctrl-C stops it.", flush=True)
    try:
        while server.process is not None and server.process.poll() is None:
            sleep(1)
    except KeyboardInterrupt:
        server.kill()
