from __future__ import annotations

import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console

from ticket_export import Settings
from ticket_export.application.secret_url import without_secrets
from ticket_export.errors import ConfigurationError


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
    assert (settings.formats, settings.csv_delimiter, settings.header) == ((), ",", True)


def test_environment_wins_over_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("TICKET_EXPORT_RETENTION_HOURS=5\nTICKET_EXPORT_CSV_BOM=false\nOTHER=1\n")
    monkeypatch.setenv("TICKET_EXPORT_RETENTION_HOURS", "0.5")
    settings = Settings.load()
    assert settings.retention == timedelta(minutes=30)
    assert settings.csv_bom is False


@pytest.mark.parametrize(("text", "delimiter"), [(",", ","), (";", ";"), ("tab", "\t"), ("\\t", "\t"), ("\t", "\t")])
def test_delimiter_may_be_a_tab_by_its_name(text: str, delimiter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_CSV_DELIMITER", text)
    assert Settings.load().csv_delimiter == delimiter
    assert Settings(csv_delimiter=delimiter) == Settings.load()


@pytest.mark.parametrize("text", ["", "|", ",,", "comma"])
def test_delimiter_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_CSV_DELIMITER", text)
    with pytest.raises(ConfigurationError, match=r"^TICKET_EXPORT_CSV_DELIMITER: "):
        Settings.load()


@pytest.mark.parametrize(
    ("text", "formats"), [("csv", ("csv",)), (" XLSX , csv,", ("xlsx", "csv")), ("", ()), (",", ())]
)
def test_formats_are_names_between_commas(text: str, formats: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMATS", text)
    assert Settings.load().formats == formats
    assert Settings(formats=formats) == Settings.load()


def test_format_that_is_named_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMATS", "csv,xlsx,CSV")
    with pytest.raises(ConfigurationError, match=r"^TICKET_EXPORT_FORMATS: .*named twice"):
        Settings.load()


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
        ("TASK_QUEUE", ["rabbitmq", "Inline", ""]),
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


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read from its start")
def test_file_of_settings_that_cannot_be_read_is_a_setting_that_cannot_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").symlink_to("/proc/self/mem")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"the file \.env in this folder cannot be read"):
        Settings.load()


SECRET = "s3cret"
URLS = [
    f"postgresql://app:{SECRET}@db.example/desk",
    f"postgresql://app:{SECRET}@db.example:5432/desk?sslmode=require",
    f"postgresql://app:{SECRET}/x?y#z@{SECRET}@db.example/desk",
    f"postgresql://me@example.org:{SECRET}@db.example/desk",
    f"postgresql://:{SECRET}@db.example/desk",
    f"postgresql://db.example/desk?user=app&password={SECRET}",
    f"postgresql:///desk?host=/run/pg&sslpassword={SECRET}",
    f"s3://key:{SECRET}@bucket/prefix",
    f"sftp://files.example/exports#{SECRET}",
    f"app:{SECRET}@db.example/desk",
    f"host=db.example password={SECRET}",
]


def shown_by_rich(value: object) -> str:
    file = io.StringIO()
    Console(file=file, width=300).print(value)
    return file.getvalue()


def shown_by_a_traceback(settings: Settings) -> str:
    def connect(url: str, settings: Settings) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError) as caught:
        connect(settings.database_url, settings)
    return "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())


def logged(settings: Settings) -> str:
    return logging.Formatter().format(logging.LogRecord("x", logging.INFO, "", 0, "%s %r", (settings, settings), None))


def _everywhere(url: str) -> dict[str, Any]:
    urls = dict.fromkeys(("database_url", "storage_url", "s3_endpoint_url"), url)
    return {**urls, "former_storage_urls": (url, url)}


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        (" , \n", []),
        ("file:///a", ["file:///a"]),
        ("file:///a,s3://b/c , s3://d\n\tshelf://e,", ["file:///a", "s3://b/c", "s3://d", "shelf://e"]),
        (
            "s3://a?endpoint=http://minio:9000&region=b file:///c",
            ["s3://a?endpoint=http://minio:9000&region=b", "file:///c"],
        ),
        ("tape://a,b;c=1,2,file:///d", ["tape://a,b;c=1,2", "file:///d"]),
    ],
)
def test_former_urls_are_separated_by_white_space_or_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, urls: list[str]
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_FORMER_STORAGE_URLS", text)
    assert list(Settings.load().former_storage_urls) == urls


@pytest.mark.parametrize(
    "make",
    [
        lambda url: Settings(**_everywhere(url)),
        lambda url: Settings().model_copy(update=_everywhere(url)),
        lambda url: Settings.model_construct(**_everywhere(url)),
    ],
    ids=["made", "copied", "constructed"],
)
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda settings: f"{settings} {settings!r}",
        pprint.pformat,
        shown_by_rich,
        logged,
        lambda settings: settings.model_dump_json(),
        lambda settings: str(settings.model_dump()),
        lambda settings: json.dumps(settings.model_dump()),
        lambda settings: str(settings.model_dump(mode="json", include={"database_url"})),
    ],
    ids=["repr", "str", "format", "pprint", "rich", "log", "json", "dump", "dumps", "part"],
)
def test_settings_show_no_password(make: Callable[[str], Settings], show: Callable[[Settings], str]) -> None:
    for url in URLS:
        settings = make(url)
        assert SECRET not in show(settings)
        assert settings.database_url == settings.storage_url == settings.s3_endpoint_url == url
        assert f"{settings.database_url}" == "".join(settings.database_url) == url


@pytest.mark.parametrize("url", URLS)
def test_traceback_with_variables_shows_no_password(url: str) -> None:
    assert SECRET not in shown_by_a_traceback(Settings(database_url=url))


def test_refused_settings_show_no_password() -> None:
    with pytest.raises(ValueError, match="retention_hours") as caught:
        Settings(database_url=URLS[0], retention_hours=-1, compression="rar")  # type: ignore[arg-type]
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_settings_as_a_dictionary_show_no_password() -> None:
    settings = Settings(database_url=URLS[0], storage_url=URLS[7])
    assert SECRET not in repr(dict(settings)) + repr(vars(settings))


def test_settings_that_were_pickled_are_the_settings() -> None:
    settings = Settings(database_url=URLS[0])
    copy = pickle.loads(pickle.dumps(settings))
    assert copy == settings
    assert copy.database_url == URLS[0]
    assert SECRET not in repr(copy)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///ticket-export.db", "sqlite:///ticket-export.db"),
        ("postgresql://app@db.example:5432/desk", "postgresql://app@db.example:5432/desk"),
        (URLS[0], "postgresql://app:***@db.example/desk"),
        (URLS[1], "postgresql://app:***@db.example:5432/desk?***"),
        (URLS[7], "s3://key:***@bucket/prefix"),
        ("file:///srv/a:b@c/exports", "file:///srv/a:b@c/exports"),
        (URLS[9], "***"),
    ],
)
def test_rest_of_a_url_is_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert f"database_url='{shown}'" in repr(Settings(database_url=url))


# None of these letters is in the rest of the URL.
passwords = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(lambda text: f"QJX{text}QJX")


@given(passwords, st.sampled_from(["", "/", "/desk?sslmode=require", "/desk#x"]))
def test_no_password_is_shown_whatever_it_holds(password: str, rest: str) -> None:
    shown = without_secrets(f"postgresql://app:{password}@db.example{rest}")
    assert "QJX" not in shown
    assert shown.startswith("postgresql://app:***@db.example")


@pytest.mark.parametrize(
    "name", ["TICKET_EXPORT_APP", "ticket_export_app", "Ticket_Export_App", "export TICKET_EXPORT_APP"]
)
def test_code_is_not_named_by_a_file_in_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"{name}=evil:container\nTICKET_EXPORT_CSV_BOM=false\n")
    assert (Settings.load().app, Settings.load().csv_bom) == (None, False)
    assert Settings(_env_file=tmp_path / ".env").app is None
    monkeypatch.setenv("TICKET_EXPORT_APP", "helpdesk:container")
    assert Settings.load().app == "helpdesk:container"


def in_environment(_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "s3cret")


def in_file(folder: Path, _monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (folder / ".env").write_text(f"{name}=s3cret\n")


PLACES = [in_environment, in_file]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TICKET_EXPORT_RETENTION_HOUR", "RETENTION_HOURS"),
        ("ticket_export_retention_hour", "RETENTION_HOURS"),
        ("TICKET_EXPORT_DATABSE_URL", "DATABASE_URL"),
        ("TICKET_EXPORT_S3_REGOIN", "S3_REGION"),
        ("TICKET_EXPORT_STORAGE", "STORAGE_URL"),
        ("TICKET_EXPORT_FILE_MODE", None),
        ("TICKET_EXPORT_", None),
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_variable_that_is_no_setting_is_refused_by_name(
    place: Callable[[Path, pytest.MonkeyPatch, str], None],
    name: str,
    meant: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place(tmp_path, monkeypatch, name)
    with pytest.raises(ConfigurationError) as refused:
        Settings.load()
    text = str(refused.value)
    assert text.startswith(f"{name.upper()}: unknown setting; ")
    assert meant is None or text.endswith(f"did you mean TICKET_EXPORT_{meant}?")
    assert "s3cret" not in text
    with pytest.raises(ValidationError, match=name.upper()):
        Settings(csv_bom=False)


def test_argument_that_is_no_setting_is_refused_by_name() -> None:
    wrong: dict[str, Any] = {"databse_url": "s3cret", "lease_seconds": -1}
    with pytest.raises(ValidationError) as refused:
        Settings(**wrong)
    assert {error["loc"]: error["msg"] for error in refused.value.errors()} == {
        ("lease_seconds",): "Input should be greater than or equal to 1",
        ("databse_url",): "unknown setting; did you mean database_url?",
    }
    assert "s3cret" not in str(refused.value)


def test_every_unknown_variable_is_named_next_to_the_other_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKET_EXPORT_LEESE_SECONDS", "5")
    monkeypatch.setenv("TICKET_EXPORT_MAX_ATTEMPTS", "many")
    (tmp_path / ".env").write_text("TICKET_EXPORT_CSV_BOMB=1\n")
    with pytest.raises(ConfigurationError) as refused:
        Settings.load()
    assert all(name in str(refused.value) for name in ("LEESE_SECONDS: ", "MAX_ATTEMPTS: ", "CSV_BOMB: "))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["OTHER_SETTING", "TICKET_EXPORTER", "XTICKET_EXPORT_A", "TICKET_EXPORT_TEST_REQUIRE"])
def test_variable_of_another_program_or_of_tests_is_ignored(
    place: Callable[[Path, pytest.MonkeyPatch, str], None], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, monkeypatch, name)
    assert Settings.load() == Settings()


@pytest.mark.parametrize("place", PLACES)
def test_plugin_has_variables_that_begin_with_its_scheme(
    place: Callable[[Path, pytest.MonkeyPatch, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, monkeypatch, "TICKET_EXPORT_SFTP_PASSWORD")
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_SFTP_PASSWORD: unknown setting"):
        Settings.load()
    installed = [EntryPoint("sftp", "package:Storage", "ticket_export.storage")]
    monkeypatch.setattr("ticket_export.settings.entry_points", lambda group: installed)
    Settings.load()


def test_history_is_kept_for_ever_or_for_days(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().history is None
    monkeypatch.setenv("TICKET_EXPORT_HISTORY_DAYS", "30")
    assert Settings.load().history == timedelta(days=30)


@pytest.mark.parametrize("days", ["-1", "1.5", "36501", "x"])
def test_days_that_no_history_has_are_refused(days: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_HISTORY_DAYS", days)
    with pytest.raises(ConfigurationError, match="TICKET_EXPORT_HISTORY_DAYS"):
        Settings.load()


def test_program_that_is_started_with_the_environment_has_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        database_url="postgresql://ada:s%2C3cret@db.example/desk",
        storage_url=tmp_path.as_uri(),
        former_storage_urls=("s3://first/a,b", "file:///second"),
        formats=("xlsx", "csv"),
        csv_delimiter="\t",
        formula_guard=False,
        lease_seconds=1.5,
        max_active_jobs_per_user=0,
    )
    monkeypatch.setenv("TICKET_EXPORT_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("TICKET_EXPORT_TEST_OTHER", "kept")
    environment = settings.environment()
    assert environment["TICKET_EXPORT_TEST_OTHER"] == "kept"
    monkeypatch.delenv("TICKET_EXPORT_MAX_ATTEMPTS")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == settings
