from __future__ import annotations

import errno
import io
import os
import threading
from contextlib import nullcontext
from pathlib import Path
from time import sleep
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_streams import ComplainingStream, HesitantStream, unbuffered_text
from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, CommandError
from ticket_export.entrypoints.cli.output import whole_output
from ticket_export.entrypoints.cli.output.whole_output import WholeOutput, whole

_PORTIONS = st.lists(st.integers(1, 20), min_size=1)


def _opened(raw: io.RawIOBase) -> WholeOutput:
    return WholeOutput(cast("BinaryIO", raw), "it")


@given(st.lists(st.binary()), _PORTIONS)
def test_a_stream_that_takes_less_than_it_is_given_gets_everything(blocks: list[bytes], portions: list[int]) -> None:
    raw = HesitantStream(portions)
    output = _opened(raw)
    assert [output.write(block) for block in blocks] == [len(block) for block in blocks]
    assert raw.taken == b"".join(blocks)


@given(st.lists(st.binary()), _PORTIONS, st.integers(0, 200))
def test_a_stream_without_room_for_everything_raises(blocks: list[bytes], portions: list[int], room: int) -> None:
    raw = HesitantStream(portions, room)
    output = _opened(raw)
    data = b"".join(blocks)
    with pytest.raises(CommandError, match="No space") if len(data) > room else nullcontext():
        for block in blocks:
            output.write(block)
    assert raw.taken == data[:room]


@given(st.text(), _PORTIONS)
def test_text_over_it_is_whole_too(text: str, portions: list[int]) -> None:
    raw = HesitantStream(portions)
    print(text, end="", flush=True, file=unbuffered_text(_opened(raw), errors="backslashreplace"))
    assert raw.taken == text.encode("utf-8", "backslashreplace")


def test_a_stream_that_takes_nothing_is_no_endless_loop() -> None:
    with pytest.raises(CommandError, match="takes no more bytes"):
        _opened(HesitantStream((0,))).write(b"x")


def test_a_pipe_that_does_not_block_gets_everything_however_slowly_it_is_read() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    data = os.urandom(300_000)
    read = bytearray()

    def read_slowly() -> None:
        with io.FileIO(reading) as stream:
            while block := stream.read(40_000):
                read.extend(block)
                sleep(0.01)

    reader = threading.Thread(target=read_slowly, daemon=True)
    reader.start()
    with io.FileIO(writing, "wb") as raw:
        assert _opened(raw).write(data) == len(data)
    reader.join(timeout=60)
    assert bytes(read) == data


def test_a_pipe_that_does_not_block_and_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_output, "_PATIENCE", 0.01)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with io.FileIO(reading), io.FileIO(writing, "wb") as raw, pytest.raises(CommandError, match="taken nothing for"):
        _opened(raw).write(bytes(1_000_000))


def test_a_pipe_whose_reader_has_gone_is_told_apart() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "wb") as raw, pytest.raises(ClosedOutputError, match="reader of it has closed it"):
        _opened(raw).write(b"x")


def test_what_the_system_tells_only_at_the_end_is_raised_by_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="No space"):
        print("x", flush=True, file=unbuffered_text(_opened(ComplainingStream())))

    def fail(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    close = os.close
    with io.FileIO(os.devnull, "wb") as raw:
        output = _opened(raw)
        monkeypatch.setattr(os, "close", fail)
        with pytest.raises(CommandError, match="quota"):
            output.flush()
        monkeypatch.undo()
        output.flush()


def test_what_is_closed_or_has_no_descriptor_can_be_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    output = _opened(cast("io.RawIOBase", io.BytesIO()))
    output.flush()
    output.close()
    output.flush()
    with io.FileIO(os.devnull, "wb") as raw:
        monkeypatch.setattr(os, "dup", _none_left)
        _opened(raw).flush()


def _none_left(_descriptor: int) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_it_looks_like_what_it_writes_to() -> None:
    with Path(os.devnull).open("wb") as buffered:
        output = whole(buffered, "it")
        assert (output.writable(), output.isatty(), output.fileno()) == (True, False, buffered.fileno())
        assert whole(output, "it") is output
