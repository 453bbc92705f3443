"""The tables of exports. The library's own description of them makes the SQL; Django has the models for its state."""

from django.conf import settings
from django.db import migrations, models

from ticket_export.infrastructure.django.fields import UtcDateTimeField
from ticket_export.infrastructure.django.migration import CreateExportTables

_MODELS = [
    migrations.CreateModel(
        name="BackgroundTask",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("name", models.TextField(db_column="Name")),
            ("status", models.CharField(db_column="Status", max_length=50)),
            ("number_of_retries", models.IntegerField(db_column="NumberOfRetries")),
            ("creation_time", UtcDateTimeField(db_column="CreationTime")),
        ],
        options={
            "db_table": "BackgroundTasks",
            "default_permissions": (),
        },
    ),
    migrations.CreateModel(
        name="ExportAuditEntry",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("at", UtcDateTimeField(db_column="At")),
            ("action", models.CharField(db_column="Action", max_length=50)),
            ("export_job_id", models.UUIDField(db_column="ExportJobId", null=True)),
            ("row_count", models.IntegerField(db_column="RowCount", null=True)),
            ("detail", models.TextField(db_column="Detail", null=True)),
        ],
        options={
            "verbose_name_plural": "export audit entries",
            "db_table": "ExportAuditEntries",
            "default_permissions": (),
        },
    ),
    migrations.CreateModel(
        name="MediaItem",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("length", models.BigIntegerField(db_column="Length")),
            ("file_name", models.TextField(db_column="FileName")),
            ("content_type", models.TextField(db_column="ContentType")),
            ("object_key", models.TextField(db_column="ObjectKey")),
            ("creation_time", UtcDateTimeField(db_column="CreationTime")),
        ],
        options={
            "db_table": "MediaItems",
            "default_permissions": (),
        },
    ),
    migrations.CreateModel(
        name="ExportJob",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("requested_at", UtcDateTimeField(db_column="RequestedAt")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("queued", "Queued"),
                        ("running", "Running"),
                        ("completed", "Completed"),
                        ("failed", "Failed"),
                    ],
                    db_column="Status",
                    max_length=50,
                ),
            ),
            ("progress_stage", models.CharField(db_column="ProgressStage", max_length=100, null=True)),
            ("progress_percent", models.IntegerField(db_column="ProgressPercent", null=True)),
            ("row_count", models.IntegerField(db_column="RowCount", null=True, verbose_name="rows")),
            ("error_message", models.TextField(db_column="ErrorMessage", null=True, verbose_name="error")),
            ("completed_at", UtcDateTimeField(db_column="CompletedAt", null=True)),
            ("snapshot_payload", models.JSONField(db_column="SnapshotPayloadJson", verbose_name="view")),
            ("expires_at", UtcDateTimeField(db_column="ExpiresAt")),
            ("is_cleaned_up", models.BooleanField(db_column="IsCleanedUp", default=False)),
            (
                "background_task",
                models.ForeignKey(
                    db_column="BackgroundTaskId",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="ticket_export.backgroundtask",
                ),
            ),
            (
                "requester",
                models.ForeignKey(
                    db_column="RequesterUserId", on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            (
                "media_item",
                models.ForeignKey(
                    db_column="MediaItemId",
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="ticket_export.mediaitem",
                ),
            ),
        ],
        options={
            "verbose_name": "export",
            "db_table": "ExportJobs",
            "permissions": [("import_export_tickets", "Can import / export tickets")],
            "default_permissions": ("view",),
        },
    ),
]


class Migration(migrations.Migration):
    """Creates everything that exports need."""

    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.SeparateDatabaseAndState(database_operations=[CreateExportTables()], state_operations=_MODELS)
    ]
