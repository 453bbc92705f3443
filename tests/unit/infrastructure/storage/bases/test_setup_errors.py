"""A driver that is missing or not set up is a mistake of the configuration, and its own text is not shown."""

from __future__ import annotations

import pytest

from ticket_export.errors import ConfigurationError, InvalidKeyError, MissingExtraError
from ticket_export.infrastructure.storage.bases.setup_errors import advised, needs_extra


def test_missing_driver_names_its_extra() -> None:
    text = r"the tape needs .*'ticket-export\[tape\]'"
    with pytest.raises(MissingExtraError, match=text) as caught, needs_extra("tape", "the tape"):
        raise ModuleNotFoundError("tapes")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_other_errors_of_an_import_stay_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), needs_extra("tape", "the tape"):
        raise ZeroDivisionError


def test_error_of_a_driver_becomes_advice_without_its_text() -> None:
    with pytest.raises(ConfigurationError) as caught, advised("set TAPE_KEY"):
        raise ValueError("malformed: secret")
    assert str(caught.value) == "the storage cannot be used: set TAPE_KEY (ValueError)"
    # A traceback shows a cause and a context.
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


@pytest.mark.parametrize("error", [InvalidKeyError("a key"), KeyboardInterrupt()])
def test_errors_of_the_library_and_of_python_stay_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, advised("set TAPE_KEY"):
        raise error
    assert caught.value is error
