"""The settings, from the environment or a ``.env`` file. No other module reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ticket_export.application.file.file_name import DEFAULT_TEMPLATE, FileNameTemplate
from ticket_export.application.safe_text import did_you_mean
from ticket_export.application.secret_url import SecretUrl, without_secrets
from ticket_export.application.use_cases.housekeep import LOST_AFTER, Chore
from ticket_export.application.view.file_options import typed_delimiter
from ticket_export.domain.export_job import RETENTION
from ticket_export.errors import ConfigurationError

#: The group of the entry points of storage plugins; the name of each is the scheme of its URLs.
STORAGE_PLUGINS: Final = "ticket_export.storage"
#: The group of the entry points of formats; the name of each is the name of its format.
FORMATS: Final = "ticket_export.format"

_PREFIX = "TICKET_EXPORT_"
# A longer retention may leave the calendar; with a longer lease, the export of a lost worker would wait for days.
_CENTURY_IN_HOURS = 100 * 365 * 24
#: The most days that the rows of an export can be kept, except for ever.
MAX_HISTORY_DAYS = 100 * 365
_DAY_IN_SECONDS = 24 * 60 * 60
_HOUR = timedelta(hours=1)


def _default_storage_url() -> str:
    return SecretUrl((Path.cwd() / "exports").as_uri())


_URLS = {"database_url", "tickets_database_url", "storage_url", "former_storage_urls", "s3_endpoint_url"}
# A comma may be a part of a URL; a new URL begins with a scheme.
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def _is_template(text: str) -> str:
    return FileNameTemplate(text).text


# Dumped as it is shown.
_Url = Annotated[str, AfterValidator(SecretUrl), PlainSerializer(without_secrets)]


def _names(text: object) -> object:
    return tuple(filter(None, (name.strip().lower() for name in text.split(",")))) if isinstance(text, str) else text


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a format is named twice")
    return names


def _split(urls: object) -> object:
    return tuple(filter(None, _BETWEEN_URLS.split(urls.strip(" \t\r\n,")))) if isinstance(urls, str) else urls


class _Variables(PydanticBaseSettingsSource):
    """The settings in `source`, and with them the variables that look like settings and are none.

    The file ``.env`` does not set `app`, which names code to run.
    """

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._source = cast("EnvSettingsSource", source)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return one value; see `PydanticBaseSettingsSource`."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, object]:
        """Return the values; those of unknown variables with the name of the variable."""
        fields = self.settings_cls.model_fields
        found: dict[str, object] = {name: value for name, value in self._source().items() if name in fields}
        if isinstance(self._source, DotEnvSettingsSource):
            found.pop("app", None)
        names = (name.upper() for name in self._source.env_vars)
        unknown = {name for name in names if name.startswith(_PREFIX)} - {_variable(name) for name in fields}
        if unknown:
            # Reading the names of the installed plugins takes milliseconds.
            others = tuple(f"{_PREFIX}{scheme.upper()}_" for scheme in _plugin_schemes() | {"test"})
            found |= {name: self._source.env_vars.get(name) for name in unknown if not name.startswith(others)}
        return found


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper().removeprefix(_PREFIX)}"


def _text(value: object) -> str:
    return " , ".join(value) if isinstance(value, tuple) else str(value)


def _plugin_schemes() -> set[str]:
    """Return the schemes of the storage plugins, each of which may have variables of its own."""
    # The library's own storages have settings, which are all known.
    plugins = (each for each in entry_points(group=STORAGE_PLUGINS) if not each.value.startswith("ticket_export."))
    return {re.sub(r"[+.-]", "_", each.name) for each in plugins}


def _advised(error: ErrorDetails) -> InitErrorDetails:
    """Return the error; that of an unknown setting with the name that was probably meant."""
    kind: str | PydanticCustomError = error["type"]
    if kind == "extra_forbidden":
        name = str(error["loc"][0])
        shown = _variable if name.startswith(_PREFIX) else str
        text = f"unknown setting; {did_you_mean(name.removeprefix(_PREFIX), Settings.model_fields, shown=shown)}"
        kind = PydanticCustomError("unknown_setting", "{text}", {"text": text})
    return {"type": kind, "loc": error["loc"], "input": error["input"], "ctx": error.get("ctx", {})}


class Settings(BaseSettings):
    """The settings; each field is the environment variable ``TICKET_EXPORT_`` and the field's name in upper case.

    Attributes:
        tickets_database_url: the database from which tickets are read, such as a read replica; the default is
            `database_url`.
        storage_url: ``file:///an/absolute/folder``, ``s3://bucket/prefix``, or a URL of an installed storage plugin.
            The default is the folder ``exports`` in the working directory at the start. The ``s3_`` fields configure a
            bucket; boto3 finds the credentials.
        file_access: who may use the files of a local storage: the user of the process, or the group of its folder too.
        former_storage_urls: storages in which files of earlier exports still are, after a change of `storage_url`. The
            variable separates them by white space or commas.
        compression: how files are packed.
        download: whether a host gets the bytes of a file, or also a link that is valid for `signed_url_seconds`.
        download_own: whether users who are not administrators may download their own exports; see `ExportPolicy`.
        app: the ``module:attribute`` of a host's own container, for the command line.
        max_active_jobs_per_user: the limit of a user's queued and running exports; 0 is no limit.
        max_running_per_user: the limit of a user's exports that workers run at the same time; 0 is no limit.
        formats: the names of the formats that users may choose, the default first; the variable separates them by
            commas. Empty is every installed format, with CSV as the default.
        csv_delimiter, csv_bom, header: the options of a file that its view leaves out; a tab is also ``tab``.
        file_name: the name of a file without its extension, see `FileNameTemplate`.
        metrics: whether exports, queue and housekeeping are measured by OpenTelemetry.
        history_days: how many days after its clean-up the rows of an export are deleted; 0 keeps them.
        forget_audit: what `ForgetUser` does with the entries of the audit log.
        recover_seconds: how often lost exports are looked for; the default is a tenth of `lease_seconds`, but at least
            0.2 and at most 5 seconds.
        clean_up_seconds, sweep_seconds: how often expired files, and files that belong to no export, are deleted.
        stall_seconds: how long an export may make no progress before another attempt takes it over.
        storage_patience_seconds: how long an export waits for a storage that takes no bytes; then the attempt is lost.

    A name that is not a setting is refused, as an argument, as a variable ``TICKET_EXPORT_…`` and in ``.env``. A
    storage plugin may have its own variables, ``TICKET_EXPORT_<SCHEME>_…``; tests, any ``TICKET_EXPORT_TEST_…``.

    A URL may hold a password. The field is the full URL; a dump or the text of the settings shows it without passwords
    and without its query. `app` names code to run, so it is never read from ``.env``: anybody may have put that file
    into the working directory.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: _Url = "sqlite:///ticket-export.db"
    tickets_database_url: _Url | None = None
    storage_url: _Url = Field(default_factory=_default_storage_url)
    former_storage_urls: Annotated[tuple[_Url, ...], NoDecode, BeforeValidator(_split)] = ()
    task_queue: Literal["database", "inline", "celery"] = "database"
    retention_hours: float = Field(default=RETENTION / timedelta(hours=1), gt=0, le=_CENTURY_IN_HOURS)
    lease_seconds: float = Field(default=30, ge=1, le=_DAY_IN_SECONDS)
    stall_seconds: float = Field(default=600, gt=0, le=_DAY_IN_SECONDS)
    storage_patience_seconds: float = Field(default=60, gt=0, le=_DAY_IN_SECONDS)
    max_attempts: int = Field(default=3, ge=1)
    recover_seconds: float | None = Field(default=None, gt=0, le=_DAY_IN_SECONDS)
    clean_up_seconds: float = Field(default=60, gt=0, le=_DAY_IN_SECONDS)
    sweep_seconds: float = Field(default=900, gt=0, le=_DAY_IN_SECONDS)
    max_active_jobs_per_user: int = Field(default=5, ge=0)
    max_running_per_user: int = Field(default=0, ge=0)
    audit_log: Literal["log", "table"] = "log"
    metrics: Literal["none", "opentelemetry"] = "none"
    file_access: Literal["owner", "group"] = "owner"
    compression: Literal["none", "gzip", "zstd"] = "none"
    download: Literal["stream", "signed-url"] = "stream"
    signed_url_seconds: int = Field(default=300, ge=1, le=_DAY_IN_SECONDS)
    download_own: bool = False
    s3_endpoint_url: _Url | None = None
    s3_region: str | None = None
    s3_encryption: Literal["AES256", "aws:kms"] | None = None
    s3_kms_key_id: str | None = None
    formula_guard: bool = True
    formats: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names), AfterValidator(_once)] = ()
    csv_delimiter: Annotated[Literal[",", ";", "\t"], BeforeValidator(typed_delimiter)] = ","
    csv_bom: bool = True
    header: bool = True
    file_name: Annotated[str, AfterValidator(_is_template)] = DEFAULT_TEMPLATE
    history_days: int = Field(default=0, ge=0, le=MAX_HISTORY_DAYS)
    forget_audit: Literal["keep", "anonymise"] = "keep"
    app: str | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        # `model_construct` and `model_copy` store values that were not validated.
        for name, value in super().__repr_args__():
            if isinstance(value, tuple) and name in _URLS:
                yield name, tuple(map(SecretUrl, value))
            else:
                yield name, SecretUrl(value) if isinstance(value, str) and name in _URLS else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources of values; the first one wins."""
        files = [_Variables(settings_cls, each) for each in (env_settings, dotenv_settings)]
        return init_settings, *files, file_secret_settings

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_settings(cls, values: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(values)
        except ValidationError as error:
            advised = [_advised(each) for each in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, advised, hide_input=True) from None

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read the settings of this process; those that are `given` win.

        Raises:
            ConfigurationError: variables have invalid values; the message names each of them.
        """
        try:
            return cls(**given)
        except ValidationError as error:
            problems = [
                f"{_variable('.'.join(map(str, each['loc'])))}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            ]
            raise ConfigurationError("; ".join(problems)) from None
        except UnicodeDecodeError:
            raise ConfigurationError("the file .env in this folder is not UTF-8 text") from None
        except OSError as error:
            raise ConfigurationError(f"the file .env in this folder cannot be read: {error.strerror}") from error

    def environment(self) -> dict[str, str]:
        """Return this process's environment with these settings instead of its own, for a program to start."""
        values = {_variable(name): value for name, value in self}
        texts = {name: _text(value) for name, value in values.items() if value not in {None, ()}}
        return {name: text for name, text in os.environ.items() if name.upper() not in values} | texts

    @property
    def retention(self) -> timedelta:
        """How long a file can be downloaded."""
        return timedelta(hours=self.retention_hours)

    @property
    def history(self) -> timedelta | None:
        """How long the rows of an export stay after its clean-up; None is for ever."""
        return timedelta(days=self.history_days) if self.history_days else None

    @property
    def url_lifetime(self) -> timedelta | None:
        """How long a link to a file is valid, or None without links."""
        return timedelta(seconds=self.signed_url_seconds) if self.download == "signed-url" else None

    @property
    def lease(self) -> timedelta:
        """How long a worker holds a task without a heartbeat."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def chore_intervals(self) -> dict[Chore, timedelta]:
        """How long each chore waits after it was begun, all workers together."""
        # A lost export waits for the end of its lease, and not much longer.
        recover = self.recover_seconds or max(0.2, min(self.lease_seconds / 10, 5.0))
        return {
            Chore.RECOVER: timedelta(seconds=recover),
            Chore.DISPATCH: LOST_AFTER,
            Chore.CLEAN_UP: timedelta(seconds=self.clean_up_seconds),
            Chore.SWEEP: timedelta(seconds=self.sweep_seconds),
            Chore.PURGE: _HOUR,
        }

    @property
    def housekeeping_interval(self) -> timedelta:
        """How often to call `Housekeep`: as often as its most frequent chore is due."""
        return min(self.chore_intervals.values())

    @property
    def stall(self) -> timedelta:
        """How long an export may make no progress before another attempt takes it over."""
        return timedelta(seconds=self.stall_seconds)

    @property
    def storage_patience(self) -> timedelta:
        """How long an export waits for a storage that takes no bytes, before the attempt is lost."""
        return timedelta(seconds=self.storage_patience_seconds)


def azure_variables() -> tuple[str | None, str | None]:
    """Return what Azure's own variables say: the connection string, and the URL of the account."""
    account = os.environ.get("AZURE_STORAGE_ACCOUNT")
    url = f"https://{account}.blob.core.windows.net" if account else None
    return os.environ.get("AZURE_STORAGE_CONNECTION_STRING"), url
