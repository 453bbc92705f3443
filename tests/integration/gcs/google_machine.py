"""A machine of Google Cloud, as programs on it see it: the server of its account's tokens, and the IAM that signs."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.stores.fake_gcs import ACCOUNT, private_key

_IAM = "iamcredentials.googleapis.com"
_TOKEN = "a-token-of-the-machine"
_ABOUT = "/computeMetadata/v1/instance/service-accounts"


class GoogleMachine:
    """Its `port` serves the account; a program that takes `port` for its HTTPS proxy finds Google's IAM there too."""

    def __init__(self, folder: Path) -> None:
        self.may_sign = True
        self.certificate = folder / "google.pem"
        _make_certificate(self.certificate)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.machine = self  # type: ignore[attr-defined]

    def environment(self) -> dict[str, str]:
        """Return the variables of a program on the machine."""
        port = self.server.server_port
        return {
            "GCE_METADATA_HOST": f"127.0.0.1:{port}",
            "GCE_METADATA_IP": f"127.0.0.1:{port}",
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "REQUESTS_CA_BUNDLE": str(self.certificate),
        }


@contextmanager
def google_machine(folder: Path) -> Iterator[GoogleMachine]:
    machine = GoogleMachine(folder)
    thread = Thread(target=machine.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield machine
    finally:
        machine.server.shutdown()
        machine.server.server_close()
        thread.join(60)


class _Handler(BaseHTTPRequestHandler):
    timeout = 60

    @property
    def machine(self) -> GoogleMachine:
        return cast("GoogleMachine", self.server.machine)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        # "View and query VM metadata" of Google's documentation.
        answers: dict[str, object] = {"/": ""}
        for account in ("default", ACCOUNT):
            answers[f"{_ABOUT}/{account}/"] = {"email": ACCOUNT, "aliases": ["default"], "scopes": ["cloud-platform"]}
            answers[f"{_ABOUT}/{account}/token"] = {"access_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        path = self.path.partition("?")[0]
        self._answer(HTTPStatus.OK if path in answers else HTTPStatus.NOT_FOUND, answers.get(path, ""))

    def do_CONNECT(self) -> None:
        assert self.path == f"{_IAM}:443"
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.connection = self.machine.tls.wrap_socket(self.connection, server_side=True)
        # The streams of the connection as it is now.
        self.request = self.connection
        self.setup()
        self.close_connection = True
        self.handle_one_request()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_POST(self) -> None:
        # "Method: serviceAccounts.signBlob" of the reference of the IAM Service Account Credentials API.
        is_known = self.path.partition("?")[0] == f"/v1/projects/-/serviceAccounts/{ACCOUNT}:signBlob"
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not (is_known and self.machine.may_sign and self.headers["Authorization"] == f"Bearer {_TOKEN}"):
            self._answer(HTTPStatus.FORBIDDEN, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})
            return
        signature = private_key().sign(base64.b64decode(asked["payload"]), PKCS1v15(), SHA256())
        self._answer(HTTPStatus.OK, {"keyId": "1", "signedBlob": base64.b64encode(signature).decode()})

    def _answer(self, status: HTTPStatus, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _make_certificate(path: Path) -> None:
    key, now = private_key(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _IAM)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_IAM)]), critical=False)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
