from __future__ import annotations

from pathlib import Path

from ticket_export.entrypoints.cli.demo_folder import DemoFolder


def test_the_first_lines_are_whole_records_even_where_one_has_several_lines(tmp_path: Path) -> None:
    home = DemoFolder(tmp_path)
    records = ["Title,Team", '"a\nb ""c""",x', "=1", *("y" * 300 for _ in range(9))]
    home.csv_file.write_text("\ufeff" + "\n".join(records) + "\n", encoding="utf-8")
    assert home.first_lines().splitlines() == ["Title,Team", '"a\\nb ""c""",x', "=1", "y" * 300, "y" * 300, "y" * 300]
