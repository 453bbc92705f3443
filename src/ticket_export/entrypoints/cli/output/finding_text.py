"""The findings of a check as an operator reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import attrs

from ticket_export.application.finding import Finding
from ticket_export.entrypoints.cli.output.standard_streams import printable
from ticket_export.entrypoints.cli.session import Session

_COMMAND: Final = re.compile(r"ticket-export ((?:--debug )?[a-z][a-z-]*)")


def findings_text(findings: Sequence[Finding]) -> str:
    """Two lines for each finding, and their number."""
    lines = [f"{each.severity}: {each.where}: {printable(each.what)}\n  {printable(each.remedy)}" for each in findings]
    counts = Counter(each.severity for each in findings)
    number = ", ".join(f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in counts.items())
    return "\n".join([*lines, number or "no problem found"])


def finding_json(finding: Finding) -> dict[str, object]:
    """The finding as JSON."""
    return {
        "severity": finding.severity.value,
        "where": finding.where,
        "what": finding.what,
        "remedy": finding.remedy,
    }


def with_commands_of(session: Session, finding: Finding) -> Finding:
    """The finding, with commands that work on the container of the session."""
    return attrs.evolve(finding, remedy=_COMMAND.sub(lambda found: session.command_line(found[1]), finding.remedy))
