"""A URL has no password, and a server must be known before it gets one."""

from __future__ import annotations

from pathlib import Path

import pytest
from paramiko import ECDSAKey

from sftp_server import PASSWORD, SftpServer
from ticket_export import ConfigurationError, Settings, StorageError
from ticket_export.errors import InvalidKeyError, StorageUnavailableError
from ticket_export_sftp.storage import SftpStorage


def open_storage(url: str) -> SftpStorage:
    return SftpStorage.from_url(url, Settings(storage_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "sftp://exports:hunter2@files.example.com/srv/hunter2",
        "sftp://files.example.com/srv/hunter2",
        "sftp://exports@/srv/hunter2",
        "sftp://exports@files.example.com/srv/../hunter2",
        "sftp://exports@files.example.com/srv//hunter2",
        "sftp://exports@files.example.com/srv/%00hunter2",
        "sftp://exports@files.example.com/srv?hunter2",
        "sftp://exports@files.example.com/srv#hunter2",
        "sftp://exports@files.example.com:hunter2/srv",
        "sftp://exports@files.example.com:65536/hunter2",
        "sftp://exports@[files/srv/hunter2",
    ],
)
def test_url_that_cannot_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the storage URL") as caught:
        open_storage(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_place_is_the_url_and_opens_the_same_files(server: SftpServer) -> None:
    with server.storage().open_writer("a", "text/plain") as writer:
        writer.write(b"one")
    again = open_storage(server.storage().place)
    assert again.place == server.url
    with again.open_reader("a") as stream:
        assert stream.read() == b"one"


def test_password_is_read_from_the_file_of_settings(
    server: SftpServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text("TICKET_EXPORT_SFTP_PASSWORD=from the file\n")
    monkeypatch.delenv("TICKET_EXPORT_SFTP_PASSWORD")
    with pytest.raises(StorageError, match="refuses access"):
        list(server.storage().list(""))
    assert server.logins == ["from the file"]


def test_unknown_server_is_refused_and_learns_no_password(server: SftpServer, home: Path) -> None:
    (home / ".ssh" / "known_hosts").unlink()
    storage = server.storage()
    with pytest.raises(ConfigurationError, match="known_hosts"):
        list(storage.list(""))
    with pytest.raises(ConfigurationError, match="known_hosts"), storage.open_reader("a"):
        pass
    with pytest.raises(ConfigurationError, match="known_hosts"), storage.open_writer("a", "text/plain"):
        pass
    assert server.logins == []
    assert not (home / ".ssh" / "known_hosts").exists()


def test_server_with_another_host_key_learns_no_password(server: SftpServer, home: Path) -> None:
    own, server.key = server.key, ECDSAKey.generate()
    assert own != server.key
    storage = server.storage()
    with pytest.raises(ConfigurationError, match="another key"):
        list(storage.list(""))
    with pytest.raises(ConfigurationError, match="another key"), storage.open_reader("a"):
        pass
    assert server.logins == []


def test_wrong_password_is_access_refused(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_SFTP_PASSWORD", "wrong horse")
    storage = server.storage()
    with pytest.raises(StorageError, match="refuses access") as caught:
        list(storage.list(""))
    assert not isinstance(caught.value, StorageUnavailableError)
    assert "horse" not in str(caught.value)


def test_keys_are_tried_only_without_a_password(
    server: SftpServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ECDSAKey.generate().write_private_key_file(str(home / ".ssh" / "id_ecdsa"))
    list(server.storage().list(""))
    assert server.logins == [PASSWORD]
    monkeypatch.delenv("TICKET_EXPORT_SFTP_PASSWORD")
    with pytest.raises(StorageError, match="refuses access"):
        list(server.storage().list(""))
    assert server.logins[1].startswith("SHA256:")


def test_neither_password_nor_key_is_access_refused(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKET_EXPORT_SFTP_PASSWORD")
    with pytest.raises(StorageError, match="refuses access") as caught:
        list(server.storage().list(""))
    assert not isinstance(caught.value, StorageUnavailableError)


@pytest.mark.parametrize("url", ["sftp://exports@no-such-host.invalid/srv", "sftp://exports@127.0.0.1:1/srv"])
def test_server_that_cannot_be_reached_may_be_there_later(home: Path, url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="cannot be reached"):
        list(open_storage(url).list(""))


def test_key_longer_than_a_file_name_is_refused(server: SftpServer) -> None:
    with pytest.raises(InvalidKeyError, match="255"):
        server.storage().delete("a/" * 127 + "bc")
