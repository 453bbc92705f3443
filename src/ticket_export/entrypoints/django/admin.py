"""Exports in the admin: a list and a page of each, which only show, and actions by the use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, gettext_lazy

from ticket_export.application.actor import Actor
from ticket_export.domain.export_job import CANCELLED
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.entrypoints.django.current_container import current_actor, exports_container
from ticket_export.entrypoints.django.models import ExportJob
from ticket_export.entrypoints.django.mount import OWN_NAME, exports_root, own_pages
from ticket_export.errors import ConfigurationError, ExportNotFoundError, TicketExportError
from ticket_export.infrastructure.django.view_format import ViewFormat

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[ExportJob]
else:
    _ModelAdmin = admin.ModelAdmin

#: The most exports that one call of an action changes: each of them is a transaction.
MAX_CHANGED: Final = 100
# What Django shows for a cell without a value.
_NOTHING: Final = "-"
# Fields by which an address may filter. Others, such as the number of rows, may tell of tickets of other users.
_FILTERED: Final = {"status", "requested_at", "requester", "requester__id"}
_actors: WeakKeyDictionary[HttpRequest, Actor | None] = WeakKeyDictionary()


@admin.register(ExportJob)
class ExportJobAdmin(_ModelAdmin):
    """The exports that the policy lets the user see, as *My exports* does; someone else's looks like a missing one."""

    list_display = ("requested_at", "requested_by", "state", "progress", "rows", "file_format", "available_until")
    list_filter = ("status", "requested_at")
    list_select_related = ("requester",)
    list_per_page = 50
    ordering = ("-requested_at",)
    date_hierarchy = "requested_at"
    search_help_text = gettext_lazy("Search by requester")
    actions = ("cancel", "retry")
    fields = (
        *("requested_at", "requested_by", "state", "progress", "rows", "error"),
        *("tickets", "columns", "file_format", "available_until", "file"),
    )
    readonly_fields = fields

    # What a user may see. Nobody writes here: only the use cases do.

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the user may view exports, or export."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: ExportJob | None = None) -> bool:
        """Whether the user has Django's permission to view exports, or may export; the policy decides which."""
        return super().has_view_permission(request, obj) or self.has_export_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether the user may use the actions."""
        actor = _actor(request)
        return actor is not None and exports_container().rights().refusal_of_request(actor) is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: an export is requested."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ExportJob | None = None) -> bool:
        """Return False: the library changes it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ExportJob | None = None) -> bool:
        """Return False: ``purge`` deletes it, after its file."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportJob]:
        """Return the exports that the policy lets the user see; those of others may be without their details."""
        found, actor = super().get_queryset(request), _actor(request)
        if actor is None:
            return found.none()
        container = exports_container()
        visible = container.rights().sight(actor).requester_ids
        if visible is not None:
            found = found.filter(requester_id__in=visible)
        details = {"shown_rows": F("row_count"), "shown_format": ViewFormat("snapshot_payload")}
        if not container.ticket_source().columns(actor).is_complete:
            details = {name: Case(When(requester_id=actor.user_id, then=each)) for name, each in details.items()}
        return found.annotate(**details).defer("snapshot_payload")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the export with what the user may know of it and do with it, or None."""
        # Every command of Django loads this module, and only a page needs Jinja and Babel.
        from ticket_export.entrypoints.web.pages.languages import Languages
        from ticket_export.entrypoints.web.pages.shown_export import ShownExport

        found: Any = super().get_object(request, object_id, from_field)
        actor = _actor(request)
        if found is None or actor is None:
            return None
        try:
            export = exports_container().watch_export()(actor, found.pk)
        except ExportNotFoundError:
            return None
        known = exports_container().get_choices()(actor).columns
        found.shown = ShownExport(export, Languages().find(get_language() or "en"), known)
        return found

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Return the names and the e-mail address of the requester, as the model of users has them."""
        model: Any = get_user_model()
        names = dict.fromkeys([model.USERNAME_FIELD, model.get_email_field_name(), "first_name", "last_name"])
        return [f"requester__{name}" for name in names if _has_field(model, name)]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Return whether an address may filter by this field."""
        parts = lookup.split("__")
        # The database refuses a pattern that is none, and may need hours for another.
        if parts[-1] in {"regex", "iregex"}:
            return False
        return any("__".join(parts[:length]) in _FILTERED for length in (1, 2)) and (
            parts[0] != "requester" or lookup in {"requester", "requester__exact", "requester__id__exact"}
        )

    # The pages.

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of exports, for a host that has no other address for them."""
        pages = re_path(r"^exports/(?P<path>(?s:.*))\Z", self.admin_site.admin_view(own_pages), name=OWN_NAME)
        return [pages, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an export."""
        own = {"status_page": f"{exports_root(self.admin_site)}/{object_id}", **(extra_context or {})}
        return super().change_view(request, object_id, form_url, own)

    @admin.display(description=gettext_lazy("Requester"), ordering="requester")
    def requested_by(self, job: ExportJob) -> str:
        """The name of the user."""
        get_full_name = getattr(job.requester, "get_full_name", str)
        return str(get_full_name() or job.requester)

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def state(self, job: ExportJob) -> str:
        """The status; a cancelled and an expired export have words of their own."""
        if job.status == ExportJobStatus.FAILED and job.error_message == CANCELLED:
            return gettext("Cancelled")
        is_over = job.is_cleaned_up or job.expires_at <= timezone.now()
        if job.status == ExportJobStatus.COMPLETED and is_over:
            return gettext("Expired")
        return str(job.get_status_display())  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Progress"))
    def progress(self, job: ExportJob) -> str:
        """The stage and the percent of an export that has not ended."""
        if job.status not in {ExportJobStatus.QUEUED, ExportJobStatus.RUNNING}:
            return _NOTHING
        percent = "" if job.progress_percent is None else f", {job.progress_percent} %"
        return f"{job.progress_stage or job.status}{percent}"

    @admin.display(description=gettext_lazy("Rows"), ordering="shown_rows")
    def rows(self, job: Any) -> int | str:
        """The number of rows."""
        return _NOTHING if job.shown_rows is None else int(job.shown_rows)

    @admin.display(description=gettext_lazy("Format"), ordering="shown_format")
    def file_format(self, job: Any) -> str:
        """The format of the file."""
        return _NOTHING if job.shown_format is None else str(job.shown_format).upper()

    @admin.display(description=gettext_lazy("Expires"), ordering="expires_at")
    def available_until(self, job: ExportJob) -> str:
        """When the export expires; nothing for one that has failed."""
        if job.status == ExportJobStatus.FAILED:
            return _NOTHING
        return date_format(timezone.localtime(job.expires_at), "DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("Error"))
    def error(self, job: Any) -> str:
        """Why the export failed."""
        return job.shown.export.error_message or _NOTHING

    @admin.display(description=gettext_lazy("Tickets"))
    def tickets(self, job: Any) -> str:
        """The filters of the view, in words."""
        return job.shown.restrictions  # type: ignore[no-any-return]

    @admin.display(description=gettext_lazy("Columns"))
    def columns(self, job: Any) -> str:
        """The labels of the columns."""
        return job.shown.columns or _NOTHING

    @admin.display(description=gettext_lazy("File"))
    def file(self, job: Any) -> str:
        """The link to the file, or why the user gets none. The download asks for the permission again."""
        export = job.shown.export
        if not export.has_file:
            return _NOTHING
        if not export.may_download:
            refusal = job.shown.language.message(export.refusal) or export.refusal
            return f"{refusal[:1].upper()}{refusal[1:].removesuffix('.')}."
        name = export.file_name or gettext("Download")
        return format_html('<a href="{}/{}/file">{}</a>', exports_root(self.admin_site), export.id, name)

    # The actions.

    @admin.action(description=gettext_lazy("Cancel the selected exports"), permissions=["export"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[ExportJob]) -> None:
        """Cancel the exports that have not ended."""

        def cancel(actor: Actor, job_id: UUID) -> str:
            container = exports_container()
            try:
                container.cancel_export()(actor, job_id)
            finally:
                container.watch_export().changed(job_id)
            return gettext("cancelled")

        self._each(request, queryset, cancel)

    @admin.action(description=gettext_lazy("Request the selected exports again"), permissions=["export"])
    def retry(self, request: HttpRequest, queryset: QuerySet[ExportJob]) -> None:
        """Request the views of the exports again."""
        root = exports_root(self.admin_site)

        def retry(actor: Actor, job_id: UUID) -> str:
            made = exports_container().retry_export()(actor, job_id)
            told = gettext("is queued or running already") if made.already_requested else gettext("requested again")
            return format_html('<a href="{}/{}">{}</a>', root, made.id, told)

        self._each(request, queryset, retry)

    def _each(self, request: HttpRequest, queryset: QuerySet[ExportJob], change: Callable[[Actor, UUID], str]) -> None:
        actor = _actor(request)
        if actor is None:
            return
        jobs = [*queryset[: MAX_CHANGED + 1]]
        for job in jobs[:MAX_CHANGED]:
            moment = timezone.localtime(job.requested_at).strftime("%Y-%m-%d %H:%M:%S")
            which = gettext("Export of %(name)s, %(moment)s") % {"name": self.requested_by(job), "moment": moment}
            try:
                told, level = change(actor, job.pk), messages.SUCCESS
            except ConfigurationError:
                raise
            except TicketExportError as error:
                told, level = str(error), messages.ERROR
            self.message_user(request, format_html("{}: {}", which, told), level)
        if len(jobs) > MAX_CHANGED:
            text = gettext("Only the first %(count)s exports were changed; use the action again for the others.")
            self.message_user(request, text % {"count": MAX_CHANGED}, messages.WARNING)


def _actor(request: HttpRequest) -> Actor | None:
    # A page asks for it a dozen times.
    if request not in _actors:
        _actors[request] = current_actor(request)
    return _actors[request]


def _has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
