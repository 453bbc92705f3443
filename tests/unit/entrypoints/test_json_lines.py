from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_export.entrypoints.cli.lazy_commands import LazyGroup
from ticket_export.entrypoints.cli.main import main
from ticket_export.entrypoints.cli.output.json_lines import JsonFormatter, JsonLines, json_lines, plain_record
from ticket_export.entrypoints.cli.output.standard_streams import write_error, write_note
from ticket_export.errors import JobDatabaseError, StorageError


def record(text: str, error: BaseException | None = None, *, name: str = "ticket_export.x") -> logging.LogRecord:
    made = plain_record(text, logging.ERROR, error=error)
    made.name = name
    return made


def formatted(made: logging.LogRecord, *, has_messages: bool = False) -> Mapping[str, Any]:
    text = JsonFormatter(has_messages=has_messages).format(made)
    assert text.isascii()
    assert "\n" not in text
    document: dict[str, Any] = json.loads(text)
    return document


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        try:
            if cause is not None:
                raise cause
        finally:
            raise error from cause
    except type(error) as caught:
        return caught


def written(text: str) -> list[object]:
    kept = io.StringIO()
    JsonLines(kept, JsonFormatter()).write(text)
    return [json.loads(line) for line in kept.getvalue().splitlines()]


def test_record_has_its_time_in_utc_and_its_export() -> None:
    made = record("export %s failed")
    made.args = ("7",)
    made.created = datetime(2026, 11, 29, 3, 4, 5, 678901, tzinfo=UTC).timestamp()
    made.job_id = "7"
    assert formatted(made) == {
        "time": "2026-11-29T03:04:05.678Z",
        "level": "ERROR",
        "logger": "ticket_export.x",
        "message": "export 7 failed",
        "job_id": "7",
    }


def test_audit_entry_keeps_its_fields() -> None:
    made = record("completed")
    made.audit = {"action": "completed", "row_count": 7}
    assert formatted(made)["audit"] == {"action": "completed", "row_count": 7}


def test_exception_of_the_library_shows_where_it_comes_from_and_no_secret() -> None:
    error = raised(JobDatabaseError("the database is busy"), RuntimeError("password=hunter2"))
    shown = formatted(record("no", error))["exception"]
    assert "hunter2" not in shown
    assert shown.endswith("JobDatabaseError: the database is busy\n")
    assert shown.index("RuntimeError\n") < shown.index("direct cause") < shown.index("JobDatabaseError")
    assert shown.count("in raised") == 2


def test_exception_during_another_one_shows_both() -> None:
    secret = "hunter2"

    def fail() -> None:
        try:
            raise ValueError(secret)
        except ValueError:
            raise StorageError("the disk is full")  # noqa: B904

    with pytest.raises(StorageError) as caught:
        fail()
    shown = formatted(record("no", caught.value))["exception"]
    assert secret not in shown
    assert shown.index("ValueError\n") < shown.index("During handling") < shown.index("StorageError: the disk is full")
    error = raised(StorageError("alone"))
    assert formatted(record("no", error))["exception"].count("Traceback") == 1


def test_causes_that_form_a_circle_come_to_an_end() -> None:
    first, second = ValueError(), StorageError("second")
    first.__cause__, second.__cause__ = second, first
    assert formatted(record("no", second))["exception"].count("Traceback") == 2


@pytest.mark.parametrize(("name", "has_messages"), [("ticket_export.x", True), ("helpdesk", False)])
def test_debug_and_the_records_of_a_host_show_every_message(name: str, has_messages: bool) -> None:
    error = raised(StorageError("no"), RuntimeError("password=hunter2"))
    shown = formatted(record("no", error, name=name), has_messages=has_messages)["exception"]
    assert shown == "".join(traceback.format_exception(error))


@given(st.text(), st.text())
def test_every_text_is_one_line_and_comes_back(text: str, job_id: str) -> None:
    made = plain_record(text, logging.INFO, job_id=job_id)
    assert formatted(made)["message"] == text
    assert formatted(made)["job_id"] == job_id


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_whatever_is_written_is_lines_of_json(texts: list[str]) -> None:
    kept = io.StringIO()
    stream = JsonLines(kept, JsonFormatter())
    stream.writelines([*texts, "\n"])
    assert all(isinstance(json.loads(line), dict) for line in kept.getvalue().splitlines())


def test_line_of_json_passes_as_it_is_and_other_text_becomes_a_record() -> None:
    assert written('{"of": "a host"}\n') == [{"of": "a host"}]
    (line,) = written("Traceback\n  two lines\n")
    assert isinstance(line, dict)
    assert (line["logger"], line["level"], line["message"]) == ("stderr", "INFO", "Traceback\n  two lines")
    assert [len(written(text)) for text in ("\n", "7\n", '{"a": 1}\n{"b": 2}\n', "no end")] == [0, 1, 1, 0]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": -Infinity}'])
def test_line_that_only_looks_like_json_becomes_a_record(text: str) -> None:
    (line,) = written(f"{text}\n")
    assert isinstance(line, dict)
    assert line["message"] == text


def test_object_with_an_empty_line_behind_it_is_one_line() -> None:
    assert written('{"of": "a host"}\n\n') == [{"of": "a host"}]


def test_text_without_the_end_of_its_line_is_written_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with json_lines(has_messages=False):
        sys.stderr.write("the last words")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "the last words"


def test_threads_do_not_mix_their_lines() -> None:
    kept = io.StringIO()
    stream, together = JsonLines(kept, JsonFormatter()), Barrier(4, timeout=60)

    def write(number: int) -> None:
        together.wait(60)
        for _ in range(50):
            print("begun", number, file=stream)
            stream.write_record(record(f"record {number}"))

    threads = [Thread(target=write, args=(number,), daemon=True) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    lines = [json.loads(line)["message"] for line in kept.getvalue().splitlines()]
    assert Counter(lines) == {f"{what} {number}": 50 for what in ("begun", "record") for number in range(4)}


def test_everything_inside_the_block_is_json_and_nothing_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    with json_lines(has_messages=False):
        assert not sys.stderr.isatty()
        assert sys.stderr.encoding is not None
        sys.stderr.writelines(["x.py:7: ", "UserWarning: of Python\n"])
        write_note("ready")
        write_error("wrong", StorageError("no"))
    write_error("plain")
    *lines, last = capsys.readouterr().err.splitlines()
    documents = [json.loads(line) for line in lines]
    assert [each["level"] for each in documents] == ["INFO", "INFO", "ERROR"]
    assert "UserWarning: of Python" in documents[0]["message"]
    assert [each["message"] for each in documents[1:]] == ["ready", "wrong"]
    assert documents[2]["exception"].endswith("StorageError: no\n")
    assert last == "error: plain"


def test_closed_standard_error_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with json_lines(has_messages=False):
        assert sys.stderr is None
        write_note("nothing")


def test_interruption_before_the_options_take_effect_is_a_line_of_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LazyGroup, "resolve_command", interrupted)
    assert main(["--log-format", "json", "worker"]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "interrupted"
