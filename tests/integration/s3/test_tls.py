"""TLS that is set up wrongly has a sentence of its own, and is no outage."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ticket_export import Settings
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.s3.client import S3Patience
from ticket_export.infrastructure.storage.s3.storage import S3Storage

pytestmark = pytest.mark.usefixtures("s3_environment")

_DAY = timedelta(days=1)
_HERE = x509.IPAddress(ip_address("127.0.0.1"))


def certificate(folder: Path, name: x509.GeneralName = _HERE, *, begins: timedelta = -_DAY) -> Path:
    """Return a file with a key and a certificate that signs itself and is valid for two days."""
    key = ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name([])
    begin = datetime.now(UTC) + begins
    signed = (
        x509.CertificateBuilder(own_name, own_name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + 2 * _DAY)
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certificate.pem"
    file.write_bytes(key.private_bytes(pem, pkcs8, bare) + signed.public_bytes(pem))
    return file


class Silent(ThreadingHTTPServer):
    """Tells nobody of handshakes that fail."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def server(file: Path | None) -> Iterator[int]:
    """Serve, with TLS if there is a certificate, on the port."""
    with Silent(("127.0.0.1", 0), BaseHTTPRequestHandler) as listening:
        if file is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield listening.server_port
        finally:
            listening.shutdown()
            thread.join(60)


def storage(endpoint: str) -> S3Storage:
    settings = Settings(storage_url="s3://my-bucket", s3_endpoint_url=endpoint)
    return S3Storage.from_url("s3://my-bucket", settings, patience=S3Patience(attempts=1))


def refusal(endpoint: str) -> str:
    store = storage(endpoint)
    (found,) = store.problems([])
    assert not found.may_pass
    with pytest.raises(StorageError) as caught:
        list(store.list("exports/"))
    assert not isinstance(caught.value, StorageUnavailableError)
    assert "127.0.0.1" not in str(caught.value)
    return found.text


@pytest.mark.parametrize(
    ("name", "begins", "told"),
    [
        (x509.DNSName("other.test"), -_DAY, "the storage's TLS certificate is for another host; correct the scheme"),
        (_HERE, -3 * _DAY, "the storage's TLS certificate has expired, or is not valid yet; renew"),
        (_HERE, _DAY, "the storage's TLS certificate has expired, or is not valid yet; renew"),
    ],
    ids=["other host", "expired", "not yet valid"],
)
def test_certificate_of_a_known_authority_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: x509.GeneralName, begins: timedelta, told: str
) -> None:
    file = certificate(tmp_path, name, begins=begins)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    with server(file) as port:
        assert told in refusal(f"https://127.0.0.1:{port}")


def test_certificate_of_an_unknown_authority(tmp_path: Path) -> None:
    with server(certificate(tmp_path)) as port:
        told = refusal(f"https://127.0.0.1:{port}")
    assert "this machine does not trust the storage's TLS certificate; set AWS_CA_BUNDLE" in told


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_file_of_authorities_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with server(certificate(tmp_path)) as port:
        told = refusal(f"https://127.0.0.1:{port}")
    assert "the certificates that this machine trusts cannot be read; correct AWS_CA_BUNDLE" in told


def test_endpoint_with_https_of_a_store_without_tls() -> None:
    with server(None) as port:
        told = refusal(f"https://127.0.0.1:{port}")
    assert "the storage does not use TLS at its endpoint; correct the scheme" in told


def test_endpoint_without_https_of_a_store_with_tls(tmp_path: Path) -> None:
    # Such a store hangs up, as one does that goes down.
    with server(certificate(tmp_path)) as port:
        (found,) = storage(f"http://127.0.0.1:{port}").problems([])
    assert found.may_pass
    assert "the storage cannot be reached" in found.what
    assert "if the store uses TLS, its endpoint begins with https://" in found.remedy
