"""What LibreOffice shows of a file, whichever separators it is told to split at."""

from __future__ import annotations

import csv
import io
import random
import re
from html import unescape

import pytest

from tests.libreoffice import LibreOffice
from tests.programs import require_program
from ticket_export import CsvFormat, unguard
from ticket_export.application.formats.csv_format import encode_rows
from ticket_export.application.formula_guard import guard
from ticket_export.application.view.ticket_column import ColumnKind
from ticket_export.ports import TicketColumn

# As its filter for CSV counts them: comma 44, semicolon 59, tab 9; then the quotation mark, UTF-8, the first line.
SPLIT_AT = {
    ",": "CSV:44,34,76,1",
    ";": "CSV:59,34,76,1",
    "tab": "CSV:9,34,76,1",
    ",;": "CSV:44/59,34,76,1",
    ", tab": "CSV:44/9,34,76,1",
    "; tab": "CSV:59/9,34,76,1",
    "all": "CSV:44/59/9,34,76,1",
}

# The same with a language, in which numbers and dates are recognised.
LANGUAGES = {"English": "CSV:44,34,76,1,,1033,false,true", "German": "CSV:44,34,76,1,,1031,false,true"}
DELIMITERS = {",": ",", ";": ";", "tab": "\t"}

NAMED = [
    "note;=1+1",
    "a\t=1+1",
    "\t=1+1",
    "x;  +1",
    "line\n=1+1",
    'q";=1+1',
    'a;"=1+1;b',
    "'=1+1",
    "+48 22 123",
    "note,=1+1",
    "x,  +1",
    'q",=1+1',
    'a,"=1+1,b',
    "a,;\t=1+1",
]
_random = random.Random(22)
_PIECES = [*';;\t\t\n,,""\'  \xa0\u200b\ufeff\x0b=x', "=1+1", "=A1", "\r\n", '";=1+1', '",=1+1', "+1", "-1", "@x"]
TEXTS = NAMED + ["".join(_random.choices(_PIECES, k=_random.randint(1, 6))) for _ in range(600)]


#: What docs/how-to/choose-a-file-format.md says of cells: the type and the text in an English and in a German sheet.
GUESSED = {
    "00123": (("float", "123"), ("float", "123")),
    "1E5": (("float", "1.00E+05"), ("float", "1.00E+05")),
    "12345678901234567890": (("float", "1.23456789012346E+019"), ("float", "1.23456789012346E+019")),
    "2024-01-02": (("date", "2024-01-02"), ("date", "2024-01-02")),
    "'+48 22 123": (("string", "'+48 22 123"), ("string", "'+48 22 123")),
    "1.50": (("float", "1.5"), ("string", "1.50")),
    "true": (("boolean", "TRUE"), ("string", "true")),
}


def converted(libreoffice: LibreOffice, data: bytes, separators: str, target: str = "fods") -> str:
    path = libreoffice.folder / "in.csv"
    path.write_bytes(data)
    return libreoffice.convert(path, target, read_as=(SPLIT_AT | LANGUAGES)[separators])


@pytest.fixture(scope="module")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> LibreOffice:
    return LibreOffice(require_program("soffice"), tmp_path_factory.mktemp("libreoffice"))


def file_of(delimiter: str, *, is_guarded: bool) -> bytes:
    """The texts as labels, as a record's first, middle and last cell, and as joined tags; with empty cells between."""
    csv_format = CsvFormat(bom=False, formula_guard=is_guarded, delimiter=delimiter)
    columns = [TicketColumn(name=str(place), label=text, kind=ColumnKind.TEXT) for place, text in enumerate(TEXTS[:7])]
    rows = [
        [text, f"k{number}k", None, text, -number, f"tag, {text}, y", text]
        if number % 3
        else [None, text, f"k{number}k", text, None, None, text]
        for number, text in enumerate(TEXTS)
    ]
    return csv_format.container(columns).begin() + csv_format.rows(columns, rows)


def formulas(sheet: str) -> list[str]:
    return [unescape(formula) for formula in re.findall(r'table:formula="([^"]*)"', sheet)]


def shown_text(sheet: str) -> str:
    """The texts of all cells; neighbours that are equal are written once, with their number."""
    table = re.sub(r"<office:annotation.*?</office:annotation>", "", sheet[sheet.index("<table:table ") :])
    table = re.sub(r"<text:(s|tab|line-break)[^>]*/>", "", table)
    shown = []
    for attributes, content in re.findall(r"<table:table-cell([^>]*)(?<!/)>(.*?)</table:table-cell>", table, re.DOTALL):
        repeated = re.search(r'number-columns-repeated="(\d+)"', attributes)
        text = "".join(re.findall(r"<text:p>(.*?)</text:p>", content, re.DOTALL))
        shown.append(unescape(text) * int(repeated[1] if repeated else 1))
    return "".join(shown)


def characters(text: str) -> list[str]:
    """Those that no splitting takes away, and which no conversion writes in another way."""
    return [char for char in text if char in "=+-@x1kAtagy0987653"]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("separators", SPLIT_AT)
def test_no_cell_is_a_formula_and_no_character_is_lost(
    libreoffice: LibreOffice, separators: str, delimiter: str
) -> None:
    data = file_of(DELIMITERS[delimiter], is_guarded=True)
    sheet = converted(libreoffice, data, separators)
    assert formulas(sheet) == []
    assert characters(shown_text(sheet)) == characters(data.decode())


@pytest.mark.parametrize(
    ("separators", "delimiter"), [*((each, ",") for each in SPLIT_AT), ("all", ";"), ("all", "tab")]
)
def test_without_the_guard_formulas_are_found(libreoffice: LibreOffice, separators: str, delimiter: str) -> None:
    data = file_of(DELIMITERS[delimiter], is_guarded=False)
    assert len(formulas(converted(libreoffice, data, separators))) > 100


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_texts_are_read_back_from_what_it_saves(libreoffice: LibreOffice, delimiter: str) -> None:
    own = DELIMITERS[delimiter]
    # It has one line break for all, and neither NUL nor vertical tab.
    texts = [text for text in TEXTS if not set(text) & set("\r\x0b") and text.strip()]
    rows = [[f"k{number}k", text] for number, text in enumerate(texts)]
    columns = [TicketColumn(name=name, label=name, kind=ColumnKind.TEXT) for name in ("key", "text")]
    records = CsvFormat(delimiter=own).rows(columns, rows)
    saved = converted(libreoffice, records, delimiter, "csv:Text - txt - csv (StarCalc):44,34,76,1")
    cells = [cell for _, cell in csv.reader(io.StringIO(saved, newline=""))]
    assert cells == [guard(text, delimiter=own) for text in texts]
    assert [unguard(cell, delimiter=own) for cell in cells] == texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheet_shows_what_the_page_about_formats_says(libreoffice: LibreOffice, language: str) -> None:
    # The first cell of each row keeps equal cells apart.
    rows = [[f"k{number}k", text] for number, text in enumerate([*GUESSED, "1/2"])]
    sheet = converted(libreoffice, encode_rows(rows), language)
    cells = re.findall(r'<table:table-cell[^>]*office:value-type="(\w+)"[^>]*>\s*<text:p>(.*?)</text:p>', sheet)
    shown = dict(zip([*GUESSED, "1/2"], [(kind, unescape(text)) for kind, text in cells[1::2]], strict=True))
    # It depends on the year.
    assert shown.pop("1/2")[0] == {"English": "date", "German": "string"}[language]
    assert shown == {text: guesses[list(LANGUAGES).index(language)] for text, guesses in GUESSED.items()}
