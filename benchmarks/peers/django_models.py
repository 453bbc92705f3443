"""The reference schema as Django models, and the resource that exports them."""

from __future__ import annotations

from django.db import models
from import_export import fields, resources


class Contact(models.Model):
    id = models.BigIntegerField(primary_key=True, db_column="Id")
    first_name = models.TextField(db_column="FirstName")
    last_name = models.TextField(db_column="LastName", null=True)
    email = models.TextField(db_column="Email", null=True)
    is_deleted = models.BooleanField(db_column="IsDeleted")

    class Meta:
        app_label = "benchmarks"
        db_table = "Contacts"


class User(models.Model):
    id = models.UUIDField(primary_key=True, db_column="Id")
    first_name = models.TextField(db_column="FirstName")
    last_name = models.TextField(db_column="LastName")

    class Meta:
        app_label = "benchmarks"
        db_table = "Users"


class Team(models.Model):
    id = models.UUIDField(primary_key=True, db_column="Id")
    name = models.TextField(db_column="Name")

    class Meta:
        app_label = "benchmarks"
        db_table = "Teams"


class Ticket(models.Model):
    id = models.BigIntegerField(primary_key=True, db_column="Id")
    title = models.TextField(db_column="Title")
    description = models.TextField(db_column="Description", null=True)
    status = models.TextField(db_column="Status")
    priority = models.TextField(db_column="Priority")
    category = models.TextField(db_column="Category", null=True)
    contact = models.ForeignKey(Contact, models.DO_NOTHING, db_column="ContactId", null=True)
    assignee = models.ForeignKey(User, models.DO_NOTHING, db_column="AssigneeId", null=True)
    team = models.ForeignKey(Team, models.DO_NOTHING, db_column="OwningTeamId", null=True)
    creation_time = models.DateTimeField(db_column="CreationTime")
    last_modification_time = models.DateTimeField(db_column="LastModificationTime", null=True)
    is_deleted = models.BooleanField(db_column="IsDeleted")

    class Meta:
        app_label = "benchmarks"
        db_table = "Tickets"


def _named(ticket: Ticket) -> Contact | None:
    return None if ticket.contact is None or ticket.contact.is_deleted else ticket.contact


class TicketResource(resources.ModelResource):
    contact = fields.Field("contact", "Contact")
    contact_email = fields.Field(column_name="Contact Email")
    assignee = fields.Field("assignee", "Assignee")
    team = fields.Field("team__name", "Team")

    class Meta:
        model = Ticket
        fields = (
            "id", "title", "description", "status", "priority", "category", "contact", "contact_email", "assignee",
            "team", "creation_time", "last_modification_time",
        )  # fmt: skip
        export_order = fields

    def dehydrate_contact(self, ticket: Ticket) -> str:
        contact = _named(ticket)
        return f"{contact.first_name} {contact.last_name or ''}" if contact else ""

    def dehydrate_contact_email(self, ticket: Ticket) -> str:
        contact = _named(ticket)
        return contact.email or "" if contact else ""

    def dehydrate_assignee(self, ticket: Ticket) -> str:
        return f"{ticket.assignee.first_name} {ticket.assignee.last_name}" if ticket.assignee else ""
