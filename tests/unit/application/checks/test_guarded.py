from __future__ import annotations

from collections.abc import Iterator

import pytest

from ticket_export.application.checks.guarded import guarded
from ticket_export.application.finding import Finding, warning
from ticket_export.errors import (
    ConfigurationError,
    JobDatabaseError,
    MissingExtraError,
    NotPermittedError,
    StorageError,
    TicketsUnavailableError,
)

_FIRST = warning("part", "first", "mend it")


def _found(raised: Exception) -> list[Finding]:
    def check() -> Iterator[Finding]:
        yield _FIRST
        raise raised

    first, *rest = guarded("part", check)
    assert first == _FIRST, "an error hides what was found before it"
    return rest


def _caused(text: str) -> ConfigurationError:
    raised = ConfigurationError(text)
    raised.__cause__ = KeyError("secret")
    return raised


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ConfigurationError("the key is wrong; use another one"), "the key is wrong; use another one"),
        (ConfigurationError("the key is wrong"), "the key is wrong; correct the setting"),
        (ConfigurationError("ticket catalog: no id; add one"), "no id; add one"),
        (_caused("the row rule raised KeyError"), "the row rule raised KeyError; run: ticket-export --debug check"),
        (_caused("the row rule needs 'a'; set it"), "the row rule needs 'a'; set it"),
        (_caused("the choice is empty"), "the choice is empty; correct the setting"),
        (ConfigurationError("container.policy: no; yes"), "no; yes"),
        (
            MissingExtraError("zstd", "packing"),
            "packing needs an optional dependency; run: pip install 'ticket-export[zstd]'",
        ),
        (NotPermittedError("it may not."), "it may not; run: ticket-export --debug check"),
        (RuntimeError("secret"), "it raises RuntimeError; run: ticket-export --debug check"),
    ],
)
def test_an_error_of_the_setup_is_a_finding_that_does_not_pass(raised: Exception, told: str) -> None:
    (finding,) = _found(raised)
    assert str(finding).startswith(f"error: part: {told}")
    assert not finding.may_pass
    assert "secret" not in str(finding)


@pytest.mark.parametrize(
    "raised", [JobDatabaseError("It is away."), TicketsUnavailableError("It is away."), StorageError("It is away.")]
)
def test_trouble_of_a_server_is_a_finding_that_may_pass(raised: Exception) -> None:
    (finding,) = _found(raised)
    assert str(finding).startswith("error: part: It is away; see what is wrong with the ")
    assert finding.may_pass


def test_each_line_of_a_configuration_error_is_a_finding() -> None:
    found = _found(ConfigurationError("ticket catalog: a is b; use c\nticket catalog: d is e; use f"))
    assert [str(each) for each in found] == ["error: part: a is b; use c", "error: part: d is e; use f"]
