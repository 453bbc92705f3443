from __future__ import annotations

from ticket_export.domain.progress_stage import ProgressStage


def test_stages_are_those_of_the_seed_in_their_order() -> None:
    assert list(ProgressStage) == ["Queued", "Counting", "Exporting", "Uploading"]
