"""The benchmark of Django's models measures what it says, on a small scale."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from benchmarks.contenders import HelpDesk
from benchmarks.django import project
from benchmarks.django.cells import compare_files
from benchmarks.django.costs import measure_costs
from benchmarks.django.fill import tags_of_tickets, tickets
from benchmarks.django.view import VIEWS

_TICKETS = 40


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> HelpDesk:
    folder = tmp_path_factory.mktemp("desk")
    desk = HelpDesk(folder / "desk.db", folder)
    assert project.fill(desk, _TICKETS) > 0
    return desk


def test_the_measured_file_has_the_tickets_that_were_filled_in(desk: HelpDesk, tmp_path: Path) -> None:
    run = project.OurExport("all")(desk, tmp_path / "ours.csv")
    assert sum(run.stages.values()) == pytest.approx(run.seconds)
    _write_tickets(tmp_path / "expected.csv")
    found = compare_files(tmp_path / "ours.csv", tmp_path / "expected.csv", VIEWS["all"])
    assert found.records == _TICKETS
    # Texts, dates and moments are byte for byte those of the tickets.
    assert found.forms.keys() <= {"is_urgent", "cost", "tags__name"}


def test_requests_inside_and_outside_of_a_transaction_are_measured(desk: HelpDesk) -> None:
    costs = measure_costs(desk, requests=3, starts=1)
    assert {kind: len(each) for kind, each in costs.requests.items()} == {"inside atomic()": 3, "outside": 3}
    assert [len(pairs) for pairs in costs.starts.values()] == [1, 1]


def _write_tickets(file: Path) -> None:
    labels: dict[int, list[str]] = {}
    for _, ticket, tag in tags_of_tickets(_TICKETS):
        labels.setdefault(ticket, []).append(f"tag {tag - 1}")
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow([each.path for each in VIEWS["all"]])
        for own in reversed(list(tickets(_TICKETS))):
            id_, title, description, state, minutes, cost, is_urgent, due_on, opened_at, team, assignee = own
            agent = "" if assignee is None else f"agent{assignee - 2}"
            writer.writerow(
                [
                    id_, title, description, state.capitalize(), minutes, cost, json.dumps(is_urgent), due_on,
                    f"{opened_at:%Y-%m-%d %H:%M:%S}", f"Team {team - 1}", agent,
                    f"{agent}@example.test" if agent else "", ", ".join(labels.get(id_, [])),
                ]
            )  # fmt: skip
