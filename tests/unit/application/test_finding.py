from __future__ import annotations

import pytest

from ticket_export.application.finding import Finding, Severity, error, has_error, warning

_FINDING = error("storage", "it is full", "free some space")


def test_a_finding_is_one_line_that_says_what_to_do() -> None:
    assert str(_FINDING) == "error: storage: it is full; free some space"
    assert str(warning("catalog", "no rule", "add one")) == "warning: catalog: no rule; add one"


def test_a_failed_comparison_with_nothing_shows_the_finding() -> None:
    with pytest.raises(AssertionError, match="error: storage: it is full; free some space"):
        assert [_FINDING] == []


def test_only_an_error_is_an_error() -> None:
    assert not has_error([])
    assert not has_error([warning("catalog", "no rule", "add one")])
    assert has_error([warning("catalog", "no rule", "add one"), _FINDING])


def test_equal_findings_are_one() -> None:
    same = Finding(severity=Severity.ERROR, where="storage", what="it is full", remedy="free some space")
    assert len({_FINDING, same}) == 1
