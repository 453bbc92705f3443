"""The tickets in Django's admin, where an administrator exports those that they have searched, filtered and sorted."""

from django.contrib import admin

from django_desk.models import Tag, Team, Ticket

# --- ticket-export: begin
from ticket_export.django import export_tickets

# --- ticket-export: end


@admin.register(Ticket)
class TicketAdmin(admin.ModelAdmin):
    list_display = ("id", "title", "state", "team", "opened_at")
    list_filter = ("state", "team")
    search_fields = ("title",)
    # --- ticket-export: begin
    actions = (export_tickets,)
    # --- ticket-export: end


admin.site.register([Tag, Team])
