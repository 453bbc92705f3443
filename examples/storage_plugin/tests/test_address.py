"""A URL says where the files are and holds no password; a server has to be known before it gets one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sftp_server import SftpServer
from ticket_export import ConfigurationError, Settings, StorageError
from ticket_export.errors import InvalidKeyError
from ticket_export_sftp import SftpStorage
from ticket_export_sftp.address import SftpAddress

if TYPE_CHECKING:
    from pathlib import Path


def open_storage(url: str) -> SftpStorage:
    return SftpStorage.from_url(url, Settings(storage_url=url))


def test_address_is_read_from_the_url_and_the_password_from_the_environment(home: Path) -> None:
    address = SftpAddress.from_url("sftp://help%40desk@files.example.com/srv/my%20exports/")
    assert address == SftpAddress("files.example.com", 22, "help@desk", "/srv/my exports", "correct horse")
    assert "horse" not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "sftp://exports:hunter2@files.example.com/srv/hunter2",
        "sftp://files.example.com/srv/hunter2",
        "sftp://exports@/srv/hunter2",
        "sftp://exports@files.example.com",
        "sftp://exports@files.example.com/",
        "sftp://exports@files.example.com/srv/../hunter2",
        "sftp://exports@files.example.com/srv//hunter2",
        "sftp://exports@files.example.com/srv/%00hunter2",
        "sftp://exports@files.example.com/srv?hunter2",
        "sftp://exports@files.example.com/srv#hunter2",
        "sftp://exports@files.example.com:hunter2/srv",
        "sftp://exports@[files/srv/hunter2",
    ],
)
def test_url_that_cannot_be_used_is_refused_and_not_repeated(home: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="the storage URL") as caught:
        open_storage(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_unknown_server_is_refused_and_learns_no_password(server: SftpServer, home: Path) -> None:
    (home / ".ssh" / "known_hosts").unlink()
    with pytest.raises(ConfigurationError, match="ssh-keyscan"):
        server.storage()
    assert server.logins == []


def test_server_that_is_known_no_more_is_refused_at_the_next_file(server: SftpServer, home: Path) -> None:
    storage = server.storage()
    (home / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(ConfigurationError, match="ssh-keyscan"):
        list(storage.list(""))
    with pytest.raises(ConfigurationError, match="ssh-keyscan"), storage.open_reader("a"):
        pass
    assert server.logins == []


def test_server_with_another_host_key_learns_no_password(server: SftpServer, home: Path, tmp_path: Path) -> None:
    other = SftpServer(tmp_path)
    other.close()
    other.port = server.port
    (home / ".ssh" / "known_hosts").unlink()
    other.become_known(home / ".ssh" / "known_hosts")
    storage = server.storage()
    with pytest.raises(StorageError, match="another host key"):
        list(storage.list(""))
    with pytest.raises(StorageError, match="another host key"), storage.open_reader("a"):
        pass
    assert server.logins == []


def test_wrong_password_is_access_refused(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_SFTP_PASSWORD", "wrong horse")
    storage = server.storage()
    with pytest.raises(StorageError, match="refuses access") as caught:
        list(storage.list(""))
    assert "horse" not in str(caught.value)


def test_key_longer_than_a_file_name_is_refused(server: SftpServer) -> None:
    with pytest.raises(InvalidKeyError, match="255"):
        server.storage().delete("a/" * 127 + "bc")
