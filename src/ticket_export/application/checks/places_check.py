"""The storages of earlier settings, and the files that are in no storage of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ticket_export.application.checks.guarded import guarded
from ticket_export.application.file.export_file import require_there
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.finding import Finding, error, warning
from ticket_export.application.ports.export_job_repository import FilesAtPlace
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.safe_text import escaped
from ticket_export.errors import StorageError

_WHERE = "storage"
_SETTING = "TICKET_EXPORT_FORMER_STORAGE_URLS"


def place_problems(places: StoragePlaces, counted: Iterable[FilesAtPlace]) -> Iterator[Finding]:
    """Check the former storages, and compare the places of all files with the settings. New exports need neither."""
    for storage in places.former:
        for found in guarded(_WHERE, lambda storage=storage: _own_problems(storage)):  # type: ignore[misc]
            yield warning(
                _WHERE,
                f"a former storage ({escaped(storage.place)}): {found.what}",
                found.remedy.replace("TICKET_EXPORT_STORAGE_URL", _SETTING),
            )
    for each in counted:
        if not places.knows(each.provider, each.place):
            place = places.url_of(each.provider, each.place)
            # A worker that checks its setup does not log it again.
            places.told.setdefault(place, each)
            url = escaped(place)
            named = f"the URL of that storage, {url}," if each.place is None else url
            yield warning(_WHERE, _told(each), f"add {named} to {_SETTING}")


def absence_problems(storage: ExportStorage, counted: Iterable[FilesAtPlace]) -> Iterator[Finding]:
    """Tell that the present storage does not exist, although exports have files there: nothing may be written then."""
    files = _files_in(storage, counted)
    if files:
        try:
            require_there(storage)
        except StorageError:
            remedy = "mount it; if its files are gone for good, create it"
            what = f"{escaped(storage.place)} does not exist, and {_exports(files)} files there"
            yield error(_WHERE, what, remedy, may_pass=True)


def emptiness_problems(storage: ExportStorage, counted: Iterable[FilesAtPlace]) -> Iterator[Finding]:
    """Tell that the present storage has no owner object, although exports have files there."""
    files = _files_in(storage, counted)
    if files:
        yield warning(
            _WHERE,
            f"{escaped(storage.place)} has no owner object, and {_exports(files)} files there; it may be the empty "
            "folder below a disk that is not mounted",
            "mount the disk; if only the owner object was deleted, the next sweep writes it again",
        )


def _files_in(storage: ExportStorage, counted: Iterable[FilesAtPlace]) -> int:
    at = StoragePlaces(storage)
    return sum(each.files for each in counted if each.place is not None and at.knows(each.provider, each.place))


def _exports(files: int) -> str:
    return "1 export has" if files == 1 else f"{files:,} exports have"


def _own_problems(storage: ExportStorage) -> Iterator[Finding]:
    found = list(storage.problems(())) if isinstance(storage, SupportsCheck) else []
    if not found:
        require_there(storage)
    yield from found


def _told(each: FilesAtPlace) -> str:
    exports = "1 export" if each.files == 1 else f"{each.files:,} exports"
    expired = f", {each.expired:,} of them expired" if each.expired else ""
    storage = f"of the kind {each.provider!a}" if each.place is None else escaped(each.place)
    return f"no setting names the storage {storage}, which has files of {exports}{expired}"
