"""The credentials of Google Cloud Storage: where they come from, and what is said if they are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.gcs.google_machine import GoogleMachine, google_machine
from tests.integration.gcs.test_links import CANNOT_SIGN, verify
from tests.stores.fake_gcs import GcsPlace, key_file, public_key
from tests.stores.served_store import free_port
from ticket_export import Settings
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import KEY, write

_ELSEWHERE = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "STORAGE_EMULATOR_HOST",
    "NO_PROXY",
    "no_proxy",
    "HTTPS_PROXY",
    "https_proxy",
)


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials in the files or variables of the person who runs the tests."""
    for name in _ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def opened(place: GcsPlace, settings: Settings | None = None) -> GcsStorage:
    """Return the storage at the place with the credentials that Google's library finds."""
    options = {"api_endpoint": f"http://127.0.0.1:{place.server.port}"}
    return GcsStorage.from_url(place.url, settings or Settings(), client_options=options)


def test_without_credentials_nothing_is_done_and_the_check_says_so(gcs_place: GcsPlace) -> None:
    storage = opened(gcs_place)
    with pytest.raises(StorageError, match="the files could not be listed: the storage refuses access"):
        list(storage.list(""))
    with pytest.raises(StorageError, match="the file could not be written: the storage refuses access"):
        write(storage, KEY, b"never")
    (finding,) = storage.problems(())
    assert str(finding) == (
        f"error: storage: {gcs_place.url}: the files could not be listed: the storage refuses access "
        "(DefaultCredentialsError); correct the credentials, give them the rights that the library needs, or correct "
        "TICKET_EXPORT_STORAGE_URL"
    )
    assert not finding.may_pass


def test_file_of_credentials_that_is_missing_is_refused(
    gcs_place: GcsPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(StorageError, match="the storage refuses access") as caught:
        list(opened(gcs_place).list(""))
    assert "missing.json" not in str(caught.value)


_PROGRAM = """
from datetime import timedelta
from ticket_export import Settings
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.gcs import GcsStorage
from ticket_export.testing.storage import KEY, read, write
storage = GcsStorage.from_url(Settings().storage_url, Settings())
write(storage, KEY, b"by the machine")
assert read(storage, KEY) == b"by the machine"
try:
    print(storage.signed_url(KEY, file_name="a.csv", content_type="text/csv", expires_in=timedelta(minutes=5)))
except StorageError as error:
    print(error)
"""


def on_the_machine(place: GcsPlace, machine: GoogleMachine) -> str:
    """Run the program, and return what it says. Google's library looks for the machine when it is imported."""
    endpoint = f"http://127.0.0.1:{place.server.port}"
    variables = {"TICKET_EXPORT_STORAGE_URL": place.url, "API_ENDPOINT_OVERRIDE": endpoint, **machine.environment()}
    environment = {name: value for name, value in os.environ.items() if name != "NO_GCE_CHECK"}
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.removesuffix("\n")


def test_account_of_a_machine_writes_reads_and_signs_by_google_s_iam(gcs_place: GcsPlace, tmp_path: Path) -> None:
    with google_machine(tmp_path) as machine:
        url = on_the_machine(gcs_place, machine)
    verify(url, public_key())
    assert gcs_place.get(KEY) == b"by the machine"


def test_account_of_a_machine_that_must_not_sign_says_so(gcs_place: GcsPlace, tmp_path: Path) -> None:
    with google_machine(tmp_path) as machine:
        machine.may_sign = False
        assert on_the_machine(gcs_place, machine) == CANNOT_SIGN


def test_server_of_tokens_that_is_away_may_pass(
    gcs_place: GcsPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**key_file(), "token_uri": f"http://127.0.0.1:{free_port()}/token"}), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(StorageUnavailableError, match="the storage cannot be reached"):
        list(opened(gcs_place, Settings(storage_patience_seconds=1)).list(""))
