"""The JSON of the API: the DTOs of the use cases, with links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Self

from ticket_export.application.dto import (
    Dto,
    ExportJobDto,
    RequestedExportDto,
    WatchedExportDto,
    WatchedPage,
)
from ticket_export.domain.export_job_status import ExportJobStatus

_ACTIVE: Final = {ExportJobStatus.QUEUED.developer_name, ExportJobStatus.RUNNING.developer_name}


class ExportLinks(Dto):
    """Paths on this server; None where the actor cannot do that now."""

    self: str
    file: str | None = None
    cancel: str | None = None
    retry: str | None = None


class CancelledExport(ExportJobDto):
    """The answer to a cancellation, and where the export is."""

    links: ExportLinks

    @classmethod
    def at(cls, root: str, export: ExportJobDto) -> Self:
        """Return the export below the path `root`. Whoever may cancel may retry."""
        path = path_of(root, export)
        return cls(**dict(export), links=ExportLinks(self=path, retry=f"{path}/retry"))


class RequestedExport(RequestedExportDto):
    """The answer to a request, and where the export is."""

    links: ExportLinks

    @classmethod
    def at(cls, root: str, export: RequestedExportDto) -> Self:
        """Return the export below the path `root`."""
        path = path_of(root, export)
        cancel = f"{path}/cancel" if is_active(export) else None
        return cls(**dict(export), links=ExportLinks(self=path, cancel=cancel))


class WatchedExport(WatchedExportDto):
    """An export, what the actor may do with it now, and where that is done."""

    links: ExportLinks

    @classmethod
    def at(cls, root: str, export: WatchedExportDto) -> Self:
        """Return the export below the path `root`."""
        path = path_of(root, export)
        links = ExportLinks(
            self=path,
            file=f"{path}/file" if export.has_file and export.may_download else None,
            cancel=f"{path}/cancel" if export.may_cancel else None,
            retry=f"{path}/retry" if export.may_retry else None,
        )
        return cls(**dict(export), links=links)


class PageLinks(Dto):
    """Paths of the pages next to this one; None where there is none."""

    self: str
    previous: str | None = None
    next: str | None = None


class ListedExports(Dto):
    """One page of exports, newest first."""

    items: tuple[WatchedExport, ...]
    page: int
    page_size: int
    total: int
    links: PageLinks

    @classmethod
    def at(cls, root: str, listed: WatchedPage) -> Self:
        """Return the page below the path `root`."""

        def path(number: int) -> str:
            return f"{root}/?page={number}&pageSize={listed.page_size}"

        has_next = listed.page * listed.page_size < listed.total
        links = PageLinks(
            self=path(listed.page),
            previous=path(listed.page - 1) if listed.page > 1 else None,
            next=path(listed.page + 1) if has_next else None,
        )
        items = tuple(WatchedExport.at(root, each) for each in listed.items)
        return cls(items=items, page=listed.page, page_size=listed.page_size, total=listed.total, links=links)


def path_of(root: str, export: ExportJobDto) -> str:
    """Return the path of the export's status."""
    return f"{root}/{export.id}"


def is_active(export: ExportJobDto) -> bool:
    """Return whether the export is queued or running."""
    return export.status in _ACTIVE


def seconds_to_wait(export: ExportJobDto, now: datetime) -> int:
    """Return after how many seconds a client may ask again: at once for a new export, which may be small."""
    age = now - export.requested_at
    if age < timedelta(seconds=1):
        return 0
    return 1 if age < timedelta(seconds=30) else 2
