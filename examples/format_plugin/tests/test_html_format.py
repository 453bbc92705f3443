"""The format keeps the contract of ticket-export's formats, as Python's own parser of HTML sees it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from ticket_export.testing import FileFormatContract
from ticket_export_html.html_format import HtmlFormat


class TableReader(HTMLParser):
    """Collects the cells of the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[object]] = []
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.rows[-1].append(self._text)
            self._text = None


class TestHtmlFormat(FileFormatContract[HtmlFormat]):
    @pytest.fixture
    def file_format(self) -> HtmlFormat:
        return HtmlFormat()

    def read_behind(self, file_format: HtmlFormat, data: bytes) -> list[list[object]]:
        reader = TableReader()
        reader.feed(data.decode())
        reader.close()
        return reader.rows[1:]
