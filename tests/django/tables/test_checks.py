"""Django's own checks find nothing to say about the application; every warning is an error here."""

import pytest

from tests.django.project import DeskProject
from tests.django.tables.project import with_settings

_SECURE = {
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    "DEBUG": False,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_HSTS_PRELOAD": True,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}


def test_check_deploy_is_clean(project: DeskProject) -> None:
    secure = with_settings(project, **_SECURE)
    secure.manage("migrate", "--verbosity=0")
    ended = secure.manage("check", "--deploy", "--fail-level=DEBUG", "--database=default")
    assert "no issues (0 silenced)" in ended.stdout


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"DEFAULT_AUTO_FIELD": "django.db.models.AutoField"},
        {"USE_TZ": False, "TIME_ZONE": "UTC"},
        {"AUTH_USER_MODEL": "people.UuidPerson"},
        {"AUTH_USER_MODEL": "people.TextPerson"},
        {"AUTH_USER_MODEL": "people.Agent"},
    ],
    ids=str,
)
def test_there_is_no_migration_to_make(project: DeskProject, settings: dict[str, object]) -> None:
    changed = with_settings(project, **settings)
    assert "No changes detected" in changed.manage("makemigrations", "--check", "--dry-run", "ticket_export").stdout


def test_a_changed_model_would_be_told(project: DeskProject) -> None:
    """So that the test above can fail."""
    told = project.run(
        """
from django.core.management import call_command
from ticket_export.entrypoints.django.models import ExportJob
ExportJob._meta.get_field("row_count").null = False
call_command("makemigrations", "ticket_export", check_changes=True, dry_run=True)
""",
        check=False,
    )
    assert told.returncode == 1
    assert "row_count" in told.stdout
