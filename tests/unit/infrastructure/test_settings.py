from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ticket_export import Settings
from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TICKET_EXPORT_{name.upper()}", raising=False)


def test_defaults_are_those_of_the_design(tmp_path: Path) -> None:
    settings = Settings.load()
    assert settings.database_url == "sqlite:///ticket-export.db"
    assert settings.storage_url == (tmp_path / "exports").as_uri()
    assert settings.retention == timedelta(hours=72)
    assert settings.lease == timedelta(seconds=30)
    assert settings.stall == timedelta(minutes=10)
    assert (settings.max_attempts, settings.max_active_jobs_per_user) == (3, 5)
    assert (settings.task_queue, settings.audit_log) == ("database", "log")
    assert (settings.formula_guard, settings.csv_bom) == (True, True)


def test_environment_wins_over_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TICKET_EXPORT_RETENTION_HOURS=5\nTICKET_EXPORT_CSV_BOM=false\nOTHER=1\n")
    monkeypatch.setenv("TICKET_EXPORT_RETENTION_HOURS", "0.5")
    settings = Settings.load()
    assert settings.retention == timedelta(minutes=30)
    assert settings.csv_bom is False


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "-inf", "1e300", "876001", "many", ""])
def test_retention_that_is_no_span_of_time_is_refused(hours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_RETENTION_HOURS", hours)
    with pytest.raises(ConfigurationError, match=r"^TICKET_EXPORT_RETENTION_HOURS: "):
        Settings.load()


@pytest.mark.parametrize("name", ["LEASE_SECONDS", "STALL_SECONDS", "STORAGE_PATIENCE_SECONDS"])
@pytest.mark.parametrize("seconds", ["0", "nan", "inf", "86401", "x"])
def test_lease_stall_or_patience_that_is_no_span_of_time_is_refused(
    name: str, seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TICKET_EXPORT_{name}", seconds)
    with pytest.raises(ConfigurationError, match=f"^TICKET_EXPORT_{name}: "):
        Settings.load()


@pytest.mark.parametrize("seconds", ["0.001", "0.999"])
def test_lease_that_no_sign_of_life_could_keep_is_refused(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_LEASE_SECONDS", seconds)
    with pytest.raises(ConfigurationError, match=r"^TICKET_EXPORT_LEASE_SECONDS: "):
        Settings.load()
    monkeypatch.setenv("TICKET_EXPORT_LEASE_SECONDS", "1")
    assert Settings.load().lease == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("MAX_ATTEMPTS", ["0", "-1", "1.5", "many", ""]),
        ("MAX_ACTIVE_JOBS_PER_USER", ["-1", "1.5", "many", ""]),
        ("TASK_QUEUE", ["celery", "Inline", ""]),
        ("AUDIT_LOG", ["both", "Table", ""]),
    ],
)
def test_number_or_choice_that_cannot_work_is_refused(
    name: str, refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in refused:
        monkeypatch.setenv(f"TICKET_EXPORT_{name}", value)
        with pytest.raises(ConfigurationError, match=f"^TICKET_EXPORT_{name}: "):
            Settings.load()


def test_smallest_and_every_other_choice_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("TICKET_EXPORT_MAX_ACTIVE_JOBS_PER_USER", "0")
    monkeypatch.setenv("TICKET_EXPORT_STALL_SECONDS", "0.5")
    monkeypatch.setenv("TICKET_EXPORT_TASK_QUEUE", "inline")
    monkeypatch.setenv("TICKET_EXPORT_AUDIT_LOG", "table")
    settings = Settings.load()
    assert (settings.max_attempts, settings.max_active_jobs_per_user) == (1, 0)
    assert settings.stall == timedelta(milliseconds=500)
    assert (settings.task_queue, settings.audit_log) == ("inline", "table")


def test_longest_retention_stays_within_the_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_RETENTION_HOURS", "876000")
    assert datetime(2026, 3, 1, tzinfo=UTC) + Settings.load().retention < datetime(2200, 1, 1, tzinfo=UTC)


def test_every_mistake_is_named_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMULA_GUARD", "secret")
    monkeypatch.setenv("TICKET_EXPORT_TASK_QUEUE", "secret")
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    assert "TICKET_EXPORT_FORMULA_GUARD: " in str(caught.value)
    assert "TICKET_EXPORT_TASK_QUEUE: " in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("change", [lambda settings: setattr(settings, "csv_bom", False)])
def test_settings_do_not_change(change: Callable[[Settings], None]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        change(Settings.load())


def test_file_of_settings_that_is_no_text_is_a_setting_that_cannot_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes(b"TICKET_EXPORT_CSV_BOM=\xff\xfe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        Settings.load()
