"""What the check finds in the folder of a local storage: owners, groups, modes, and the file system."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.storage.machine_users import GROUP, OUTSIDER, WEB, WORKER
from ticket_export import Finding, Settings
from ticket_export.infrastructure.storage.local import folder_check, mounts, sharing_check
from ticket_export.infrastructure.storage.local.mounts import Mount, mount_of, unmounted_above
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that is right for two users of the group."""
    if os.geteuid() != 0:
        pytest.skip("acting as two users needs root")
    # Not tmp_path, whose parents nobody else may enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    root = folder / "files"
    root.mkdir()
    os.chown(root, 0, GROUP)
    root.chmod(0o770)
    yield root
    shutil.rmtree(folder)


def _write(root: Path, *, for_group: bool = False) -> None:
    with LocalStorage(root, for_group=for_group).open_writer(KEY, "text/csv") as writer:
        writer.write(b"whole")


def _problems(root: Path, *, for_group: bool = False) -> list[Finding]:
    return list(LocalStorage(root, for_group=for_group).problems(()))


def _only(root: Path, *, for_group: bool = False) -> Finding:
    [found] = _problems(root, for_group=for_group)
    return found


def _follow(remedy: str) -> None:
    _, _, command = remedy.partition(": ")
    subprocess.run(["sh", "-c", command.partition(", or ")[0]], check=True, capture_output=True, timeout=60)


def test_the_setting_opens_the_storage_of_a_url_to_the_group(root: Path) -> None:
    root.mkdir(0o770)
    root.chmod(0o770)
    with LocalStorage.from_url(root.as_uri(), Settings(file_access="group")).open_writer(KEY, "text/csv"):
        pass
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*")} == {0o770, 0o640}


def test_a_shared_folder_is_right_for_both_users(shared: Path) -> None:
    for user in (WORKER, WEB):
        with user.acting(0o077):
            _write(shared, for_group=True)
            assert _problems(shared, for_group=True) == []


@pytest.mark.parametrize("for_group", [False, True])
def test_a_folder_of_one_user_in_which_this_process_may_write_is_right(shared: Path, for_group: bool) -> None:
    os.chown(shared, 0, WORKER.group)
    with WORKER.acting():
        _write(shared, for_group=for_group)
        assert _problems(shared, for_group=for_group) == []


def test_user_outside_of_the_group_is_told_to_join_it(shared: Path) -> None:
    with OUTSIDER.acting():
        found = _only(shared, for_group=True)
    assert found.what == f"this process (user {OUTSIDER.user}) may not read and write the folder {shared}"
    assert found.remedy.startswith(f"add the user to group {GROUP} and start the process again")


def test_owner_of_the_folder_who_is_not_in_its_group_is_told_to_join_it(shared: Path) -> None:
    os.chown(shared, OUTSIDER.user, GROUP)
    with OUTSIDER.acting():
        found = _only(shared, for_group=True)
    assert found.severity == "error"
    assert f"(user {OUTSIDER.user}) is not in group {GROUP}" in found.what


def test_member_of_the_group_who_may_not_write_is_told_the_command(shared: Path) -> None:
    shared.chmod(0o750)
    with WEB.acting():
        found = _only(shared, for_group=True)
    _follow(found.remedy)
    with WEB.acting():
        assert _problems(shared, for_group=True) == []


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o710])
def test_setting_without_a_folder_for_the_group_is_an_error(shared: Path, mode: int) -> None:
    os.chown(shared, WORKER.user, GROUP)
    shared.chmod(mode)
    with WORKER.acting():
        found = _only(shared, for_group=True)
    assert found.severity == "error"
    assert f"group {GROUP} may not read and write the folder {shared} (mode {mode:o})" in found.what
    _follow(found.remedy)
    with WORKER.acting():
        assert _problems(shared, for_group=True) == []


def test_files_of_before_the_setting_are_found_and_the_command_opens_them(shared: Path) -> None:
    with WORKER.acting():
        _write(shared)
    found = _problems(shared, for_group=True)
    assert [(each.severity, "is not open to group" in each.what) for each in found] == [("warning", True)]
    for _ in range(10):
        if found:
            _follow(found[0].remedy)
            found = _problems(shared, for_group=True)
    assert found == []
    with WEB.acting():
        with LocalStorage(shared, for_group=True).open_reader(KEY) as stream:
            assert stream.read() == b"whole"
        _write(shared, for_group=True)


def test_files_of_another_user_are_found_without_the_setting(shared: Path) -> None:
    with WORKER.acting():
        _write(shared)
        assert _problems(shared) == []
    with WEB.acting():
        found = _only(shared)
    assert f"belongs to user {WORKER.user} and this process runs as user {WEB.user}" in found.what
    _follow(found.remedy)
    with WEB.acting():
        assert _problems(shared) == []
        assert found.remedy.endswith("or set TICKET_EXPORT_FILE_ACCESS=group for both")


def test_root_is_told_the_user_of_the_folder(shared: Path) -> None:
    os.chown(shared, WORKER.user, WORKER.group)
    found = _only(shared)
    assert f"{shared} belongs to user {WORKER.user} and this process runs as user 0" in found.what
    assert found.remedy.startswith(f"use user {WORKER.user} here too, or ")


def test_names_that_the_library_has_not_made_are_no_finding(shared: Path) -> None:
    (shared / "lost+found").mkdir(0o700)
    with WORKER.acting():
        assert _problems(shared) == []
        assert _problems(shared, for_group=True) == []


def test_names_that_are_no_files_or_are_removed_meanwhile_are_no_finding(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WORKER.acting():
        _write(shared, for_group=True)
    os.mkfifo(shared / "exports/pipe", 0o600)
    with WORKER.acting():
        assert _problems(shared, for_group=True) == []
        scandir = os.scandir

        def removed(folder: Path) -> object:
            if folder.name == "job":
                raise FileNotFoundError
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", removed)
        assert _problems(shared, for_group=True) == []


def test_new_user_of_a_private_folder_is_told_the_command(shared: Path) -> None:
    shared.chmod(0o700)
    with WORKER.acting():
        found = _only(shared)
    _follow(found.remedy)
    with WORKER.acting():
        assert _problems(shared) == []


@pytest.mark.parametrize("for_group", [False, True])
def test_folder_that_this_user_cannot_create_is_created_by_the_command(shared: Path, for_group: bool) -> None:
    shared.chmod(0o755)
    root = shared / "with space/new"
    with WORKER.acting():
        found = _only(root, for_group=for_group)
    assert f"(user {WORKER.user}) may not read and write the folder {shared}" in found.what
    _follow(found.remedy)
    assert (shared.stat().st_uid, shared.stat().st_mode & 0o777) == (0, 0o755)
    with WORKER.acting():
        _write(root, for_group=for_group)
        assert _problems(root, for_group=for_group) == []


def test_large_storage_is_looked_at_in_part(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WORKER.acting():
        _write(shared)
    os.chown(shared / KEY, WEB.user, WEB.group)
    with WORKER.acting():
        assert len(_problems(shared)) == 1
        monkeypatch.setattr(sharing_check, "_MOST_NAMES", 3)
        assert _problems(shared) == []


def test_link_to_itself_is_a_finding(root: Path) -> None:
    root.symlink_to(root)
    assert _only(root).what == f"{root} is not a folder"


# File systems.


def test_read_only_file_system_is_told_as_such(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, timeout=60)
    found = _only(small_disk / "new")
    assert (found.severity, found.what) == ("error", f"the file system of {small_disk} is mounted read-only")


def test_file_system_that_refuses_root_is_told_as_such(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    monkeypatch.setattr(os, "access", lambda *_arguments, **_how: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _only(root).remedy == f"its file system does not trust root; run this process as user {root.stat().st_uid}"


def test_file_system_in_memory_is_found(small_disk: Path) -> None:
    found = _problems(small_disk / "new")
    assert f"the folder {small_disk} is in memory (tmpfs)" in found[0].what


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("ramfs", "is in memory"),
        ("vfat", "stores no owners and permissions"),
        ("exfat", "stores no owners and permissions"),
        ("fuse.s3fs", "does not rename files atomically"),
        ("fuse.blobfuse2", "does not rename files atomically"),
    ],
)
def test_file_system_that_does_not_fit_is_a_warning(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str, what: str
) -> None:
    monkeypatch.setattr(folder_check, "mount_of", lambda folder: Mount(1, folder, kind))
    found = _only(root)
    assert (found.severity, what in found.what, f"({kind})" in found.what) == ("warning", True, True)


@pytest.mark.parametrize("mount", [None, Mount(1, Path("/srv"), "nfs4"), Mount(1, Path("/tmp"), "tmpfs")])
def test_file_system_of_which_nothing_is_certain_is_no_finding(
    root: Path, monkeypatch: pytest.MonkeyPatch, mount: Mount | None
) -> None:
    monkeypatch.setattr(folder_check, "mount_of", lambda _folder: mount)
    assert _problems(root) == []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Sets what the system says about mounts, and what the machine's table says."""

    def says(mounted: str, table: str) -> None:
        for name, text in (("_MOUNTS", mounted), ("_TABLE", table)):
            (tmp_path / name).write_text(text)
            monkeypatch.setattr(mounts, name, tmp_path / name)

    return says


_ROOT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    "table",
    [
        "files:/exports {root} nfs4 nofail 0 0",
        "UUID=1 {root} ext4",
        "/dev/sdb1\t{above}\text4\tdefaults 0 2\n# a comment\n",
        "/data/files {root} none bind",
    ],
)
def test_missing_mount_at_the_folder_or_above_is_found(
    root: Path, machine: Callable[[str, str], None], table: str
) -> None:
    table = table.format(root=root, above=root.parent)
    machine(_ROOT, table)
    found = _only(root)
    assert (found.severity, "which is not mounted now" in found.what) == ("warning", True)
    mounted = root if str(root) in table else root.parent
    assert found.remedy == f"run: mount {mounted}"
    machine(f"{_ROOT}30 22 0:9 / {mounted} rw - nfs4 files:/exports rw\n", table)
    assert _problems(root) == []


@pytest.mark.parametrize(
    "table",
    [
        "",
        "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n",
        "#files:/exports {root} nfs4",
        "files:/exports {root} nfs4 rw,noauto",
        "files:/exports {root} nfs4 x-systemd.automount",
        "files:/exports {root}2 nfs4",
        "files:/exports {root}/below nfs4",
        "/dev/sda1 / ext4 defaults",
        "/dev/sda2 none swap sw",
        "/dev/sda2 {root} swap sw",
        "files:/exports {root}",
    ],
)
def test_mount_that_need_not_be_there_is_no_finding(
    root: Path, machine: Callable[[str, str], None], table: str
) -> None:
    machine(_ROOT.replace("/ / ", "/ /elsewhere "), table.format(root=root))
    assert _problems(root) == []


def test_machine_that_tells_nothing_has_no_finding(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "missing")
    assert (mount_of(tmp_path), unmounted_above(root), _problems(root)) == (None, None, [])


def test_folder_that_cannot_be_opened_has_no_known_file_system(tmp_path: Path) -> None:
    assert mount_of(tmp_path / "missing") is None


def test_program_that_names_itself_as_the_device_is_known_by_it(
    tmp_path: Path, machine: Callable[[str, str], None]
) -> None:
    real = mount_of(tmp_path)
    if real is None:
        pytest.skip("needs /proc")
    machine(f"{real.number} 1 0:9 / / rw shared:1 master:2 - fuse blobfuse2 rw\n", "")
    assert mount_of(tmp_path) == Mount(real.number, Path("/"), "fuse.blobfuse2")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\\"), min_size=1))
def test_name_with_spaces_is_read_as_the_system_writes_it(name: str) -> None:
    path = f"/srv/{name} {name}"
    written = path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    assert mounts._path(written) == Path(path)
