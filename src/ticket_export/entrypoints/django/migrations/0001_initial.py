"""The tables of exports. The library's own description of them makes the SQL; Django has the models for its state."""

from django.conf import settings
from django.db import migrations, models

from ticket_export.infrastructure.django.fields import ExportIndex, UserKeyField, UtcDateTimeField
from ticket_export.infrastructure.django.migration import CreateExportTables

_MODELS = [
    migrations.CreateModel(
        name="MediaItem",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("length", models.BigIntegerField(db_column="Length")),
            ("file_name", models.TextField(db_column="FileName")),
            ("content_type", models.TextField(db_column="ContentType")),
            ("file_storage_provider", models.TextField(db_column="FileStorageProvider")),
            ("object_key", models.TextField(db_column="ObjectKey")),
            ("storage_place", models.TextField(db_column="StoragePlace", null=True)),
            ("creation_time", UtcDateTimeField(db_column="CreationTime")),
            ("last_modification_time", UtcDateTimeField(db_column="LastModificationTime", null=True)),
            ("creator_user_id", UserKeyField(db_column="CreatorUserId", null=True)),
            ("last_modifier_user_id", UserKeyField(db_column="LastModifierUserId", null=True)),
        ],
        options={
            "db_table": "MediaItems",
            "default_permissions": (),
        },
    ),
    migrations.CreateModel(
        name="BackgroundTask",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("name", models.TextField(db_column="Name")),
            ("args", models.JSONField(db_column="Args")),
            ("status", models.CharField(db_column="Status", max_length=50)),
            ("status_info", models.TextField(db_column="StatusInfo", null=True)),
            ("percent_complete", models.IntegerField(db_column="PercentComplete")),
            ("number_of_retries", models.IntegerField(db_column="NumberOfRetries")),
            ("error_message", models.TextField(db_column="ErrorMessage", null=True)),
            ("creation_time", UtcDateTimeField(db_column="CreationTime")),
            ("last_modification_time", UtcDateTimeField(db_column="LastModificationTime", null=True)),
            ("completion_time", UtcDateTimeField(db_column="CompletionTime", null=True)),
            ("task_step", models.IntegerField(db_column="TaskStep")),
            ("fencing_token", models.IntegerField(db_column="FencingToken", db_default=0, default=0)),
            ("leased_by", models.CharField(db_column="LeasedBy", max_length=200, null=True)),
            ("leased_until", UtcDateTimeField(db_column="LeasedUntil", null=True)),
            ("share_key", models.TextField(db_column="ShareKey", null=True)),
            ("started_at", UtcDateTimeField(db_column="StartedAt", null=True)),
        ],
        options={
            "db_table": "BackgroundTasks",
            "default_permissions": (),
            "indexes": [
                ExportIndex(fields=["status", "creation_time"], name="IX_BackgroundTasks_Status_CreationTime"),
                ExportIndex(fields=["share_key", "started_at"], name="IX_BackgroundTasks_ShareKey_StartedAt"),
            ],
        },
    ),
    migrations.CreateModel(
        name="ExportAuditEntry",
        fields=[
            ("id", models.UUIDField(db_column="Id", editable=False, primary_key=True, serialize=False)),
            ("at", UtcDateTimeField(db_column="At")),
            ("action", models.CharField(db_column="Action", max_length=50)),
            ("export_job_id", models.UUIDField(db_column="ExportJobId", null=True)),
            ("actor_user_id", UserKeyField(db_column="ActorUserId", null=True)),
            ("actor_facts", models.JSONField(db_column="ActorFacts", null=True)),
            ("view", models.TextField(db_column="View")),
            ("row_count", models.IntegerField(db_column="RowCount", null=True)),
            ("duration_milliseconds", models.BigIntegerField(db_column="DurationMilliseconds", null=True)),
            ("detail", models.TextField(db_column="Detail", null=True)),
        ],
        options={
            "verbose_name_plural": "export audit entries",
            "db_table": "ExportAuditEntries",
            "default_permissions": (),
            "indexes": [
                ExportIndex(fields=["export_job_id"], name="IX_ExportAuditEntries_ExportJobId"),
                ExportIndex(fields=["at"], name="IX_ExportAuditEntries_At"),
            ],
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
            ("is_cleaned_up", models.BooleanField(db_column="IsCleanedUp", db_default=False, default=False)),
            ("creation_time", UtcDateTimeField(db_column="CreationTime")),
            ("last_modification_time", UtcDateTimeField(db_column="LastModificationTime", null=True)),
            ("creator_user_id", UserKeyField(db_column="CreatorUserId", null=True)),
            ("last_modifier_user_id", UserKeyField(db_column="LastModifierUserId", null=True)),
            (
                "background_task",
                models.ForeignKey(
                    db_column="BackgroundTaskId",
                    db_index=False,
                    null=True,
                    on_delete=models.SET_NULL,
                    related_name="+",
                    to="ticket_export.backgroundtask",
                ),
            ),
            (
                "requester",
                models.ForeignKey(
                    db_column="RequesterUserId",
                    db_index=False,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            (
                "media_item",
                models.ForeignKey(
                    db_column="MediaItemId",
                    db_index=False,
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
            "indexes": [
                ExportIndex(fields=["requester"], name="IX_ExportJobs_RequesterUserId"),
                ExportIndex(fields=["status"], name="IX_ExportJobs_Status"),
                ExportIndex(fields=["expires_at"], name="IX_ExportJobs_ExpiresAt"),
                ExportIndex(fields=["expires_at", "is_cleaned_up"], name="IX_ExportJobs_ExpiresAt_IsCleanedUp"),
            ],
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
