"""The exports of the help desk: what can be exported and by whom, and a mail when a file is ready."""

# --- ticket-export: begin
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.urls import reverse

from django_desk.models import Ticket
from ticket_export import NullExportEvents
from ticket_export.catalog import EVERY_ROW
from ticket_export.django import catalog_for, column, export_container
from ticket_export.ports import ExportJob

cost = column("cost", visible_to=lambda actor: actor.is_admin)
room = column("custom__room", label="Room")
tags = column("tags__name", label="Tags")
catalog = catalog_for(
    Ticket.objects.all(),
    columns=["id", "title", "state", "team__name", tags, room, cost, "opened_at"],
    search=["title"],
    visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(team__members=actor.user_id),
)


class Mails(NullExportEvents):
    def completed(self, job: ExportJob) -> None:
        if job.requester and job.requester.email_address:
            link = settings.SITE_URL + reverse("ticket_export:exports", kwargs={"path": job.id})
            text = f"{job.row_count} tickets are ready. Log in to get the file: {link}"
            send_mail("Your export is ready", text, None, [job.requester.email_address])


container = export_container(catalog=catalog, events=Mails())
# --- ticket-export: end
