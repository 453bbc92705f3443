"""One result of a check of the setup."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import attrs


class Severity(StrEnum):
    """How bad a finding is."""

    #: Exports fail, or show what they must not show.
    ERROR = "error"
    #: Exports work now; the finding says what may go wrong later.
    WARNING = "warning"


@attrs.frozen(kw_only=True, repr=False)
class Finding:
    """Something in the setup that is wrong, and what to do about it. No text holds a password.

    `where` is the part of the setup, such as ``catalog`` or ``storage``. `what` is wrong there. `remedy` is a command,
    a statement or a change of code that mends it. `may_pass` is True if it may end without a change of the setup, such
    as a database that is down.

    Its text, which is also its ``repr``, is one line, so that a failed ``assert container.check() == []`` can be read.
    """

    severity: Severity
    where: str
    what: str
    remedy: str
    may_pass: bool = False

    @property
    def text(self) -> str:
        """The finding in one line, without its severity."""
        return f"{self.where}: {self.what}; {self.remedy}"

    def __str__(self) -> str:
        return f"{self.severity}: {self.text}"

    def __repr__(self) -> str:
        return f"<{self}>"


def error(where: str, what: str, remedy: str, *, may_pass: bool = False) -> Finding:
    """Return a finding that is an error."""
    return Finding(severity=Severity.ERROR, where=where, what=what, remedy=remedy, may_pass=may_pass)


def warning(where: str, what: str, remedy: str) -> Finding:
    """Return a finding that is a warning."""
    return Finding(severity=Severity.WARNING, where=where, what=what, remedy=remedy)


def has_error(found: Iterable[Finding]) -> bool:
    """Whether one of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in found)
