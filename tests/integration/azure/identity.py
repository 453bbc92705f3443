"""The identity of a machine at Azure: who asks on the machine gets a token, and the emulator accepts it over TLS."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import ClassVar, Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.stores.azurite import ACCOUNT, AzuriteServer

#: Who the token is for; a link that such an identity has signed names both.
TENANT, PERSON = "72f988bf-86f1-41af-91ab-2d7cd011db47", str(uuid4())
_SECRET: Final = "the header that keeps web pages from asking"


class TlsAzurite(AzuriteServer):
    """The emulator with TLS, without which it accepts no tokens. It does not check who signed them."""

    def command(self) -> list[str]:
        certificate, key = self._certificate()
        return [*super().command(), "--oauth", "basic", "--cert", str(certificate), "--key", str(key)]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def authority(self) -> Path:
        """The file with what a client must trust."""
        return self.folder.with_name(f"{self.folder.name}.pem")

    def _certificate(self) -> tuple[Path, Path]:
        key_file = self.authority.with_suffix(".key")
        if not key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "azurite")])
            now = datetime.now(UTC)
            alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            certificate = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=1))
                .not_valid_after(now + timedelta(days=1))
                .add_extension(alternative, critical=False)
                .sign(key, hashes.SHA256())
            )
            self.authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
            key_file.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        return self.authority, key_file


class _TokenHandler(BaseHTTPRequestHandler):
    """Answers as "REST endpoint reference" of Azure's App Service documentation says."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        assert self.headers["X-IDENTITY-HEADER"] == _SECRET
        type(self).asked.append(self.path)
        ends = datetime.now(UTC) + timedelta(hours=1)
        answer = {"access_token": _token(ends), "expires_on": str(int(ends.timestamp())), "token_type": "Bearer"}
        body = json.dumps(answer | {"resource": "https://storage.azure.com"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _token(ends: datetime) -> str:
    now = datetime.now(UTC)
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": int((now - timedelta(minutes=5)).timestamp()),
        "nbf": int((now - timedelta(minutes=5)).timestamp()),
        "exp": int(ends.timestamp()),
        "oid": PERSON,
        "tid": TENANT,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmVk"])


@contextmanager
def identity_endpoint() -> Iterator[dict[str, str]]:
    """Yield the variables of a machine that has an identity."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _TokenHandler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{server.server_port}/msi/token",
            "IDENTITY_HEADER": _SECRET,
            # azure-identity asks nothing else.
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }
        server.shutdown()
