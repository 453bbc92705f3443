"""The parts of a workbook keep the rules of ECMA-376 (transitional) and OPC that programs insist on.

Element order, required attributes and their values are those of the schema ``sml.xsd``; the numbers are the sections of
part 1 of the standard.
"""

from __future__ import annotations

import io
import math
import posixpath
import re
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_export.application.formats import xlsx_format
from ticket_export.application.formats.xlsx_format import SHEET_ROWS, XlsxFormat
from ticket_export.application.ports.file_format import Cell, FormatOptions, RowBlock
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn
from ticket_export.infrastructure.formats.xlsx import FastXlsxFormat, fastest_deflate

MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REL: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}"
ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TYPES: Final = "{http://schemas.openxmlformats.org/package/2006/content-types}"

COLUMNS: Final = [TicketColumn(name=kind.value, label=f"A <{kind}> & more", kind=kind) for kind in ColumnKind]
ROW: Final[list[Cell]] = [
    *("text", Decimal("1.50"), datetime(2026, 3, 1, 9, 30, tzinfo=UTC), date(2026, 3, 1), True, "open", "id"),
]
NASTY: Final = [
    "]]>",
    "_x0041_",
    "a\rb\r\n",
    "\x00\x0b\x1f",
    "\ufffe\uffff",
    "=1+1",
    " x ",
    "<&>",
    "🎫" * 20_000,
    "x" * 40_000,
]


def workbook_of(
    *blocks: Sequence[Sequence[Cell]], columns: Sequence[TicketColumn] = COLUMNS, header: bool = True
) -> dict[str, bytes]:
    """The parts of a workbook by their names."""
    file_format = XlsxFormat(header=header)
    container = file_format.container(columns)
    rows = [RowBlock(file_format.rows(columns, block), len(block)) for block in blocks]
    data = b"".join([container.begin(), *map(container.add, rows), container.end()])
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


def names_of(element: ET.Element) -> list[str]:
    return [each.tag.removeprefix(MAIN) for each in element]


def in_order(names: Sequence[str], schema: Sequence[str]) -> bool:
    places = [schema.index(name) for name in names]
    return places == sorted(set(places))


def check(parts: dict[str, bytes]) -> None:
    """Every rule, on every part."""
    check_package(parts)
    styles = check_styles(ET.fromstring(parts["xl/styles.xml"]))
    sheets = check_workbook(ET.fromstring(parts["xl/workbook.xml"]), ET.fromstring(parts["xl/_rels/workbook.xml.rels"]))
    assert sheets == [name for name in parts if name.startswith("xl/worksheets/")]
    for name in sheets:
        check_worksheet(ET.fromstring(parts[name]), styles=styles)


def check_package(parts: dict[str, bytes]) -> None:
    """OPC (part 2): each part has a content type, and each relation an end."""
    assert next(iter(parts)) == "[Content_Types].xml"
    types = ET.fromstring(parts["[Content_Types].xml"])
    defaults = {each.get("Extension"): each.get("ContentType") for each in types.iter(f"{TYPES}Default")}
    overrides = {each.get("PartName"): each.get("ContentType") for each in types.iter(f"{TYPES}Override")}
    assert {str(name)[1:] for name in overrides} <= parts.keys()
    prefix = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    for name in parts.keys() - {"[Content_Types].xml"}:
        found = overrides.get(f"/{name}") or defaults[name.rpartition(".")[2]]
        wanted = {"xl/workbook.xml": f"{prefix}.sheet.main+xml", "xl/styles.xml": f"{prefix}.styles+xml"}
        is_relation = name.endswith(".rels")
        relation = "application/vnd.openxmlformats-package.relationships+xml"
        assert found == (relation if is_relation else wanted.get(name, f"{prefix}.worksheet+xml"))
    for name in (each for each in parts if each.endswith(".rels")):
        relations = list(ET.fromstring(parts[name]).iter(f"{REL}Relationship"))
        assert len({each.get("Id") for each in relations}) == len(relations)
        folder = posixpath.dirname(posixpath.dirname(name))
        assert {posixpath.join(folder, str(each.get("Target"))) for each in relations} <= parts.keys()


def check_styles(styles: ET.Element) -> int:
    """18.8.39: the order of the tables, their counts, references between them. Returns the number of cell formats."""
    assert in_order(
        names_of(styles),
        ["numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles"],
    )
    tables = {each.tag.removeprefix(MAIN): each for each in styles}
    assert all(each.get("count") == str(len(each)) for each in styles)
    # 18.8.30: numbers below 164 are those of the standard.
    formats = {int(str(each.get("numFmtId"))) for each in tables["numFmts"]}
    assert min(formats) >= 164
    # The first two fills are reserved.
    assert [each[0].get("patternType") for each in tables["fills"]][:2] == ["none", "gray125"]
    for form in (*tables["cellStyleXfs"], *tables["cellXfs"]):
        assert int(str(form.get("numFmtId"))) in formats | {0}
        assert int(str(form.get("fontId"))) < len(tables["fonts"])
        assert int(str(form.get("fillId"))) < len(tables["fills"])
        assert int(str(form.get("borderId"))) < len(tables["borders"])
    assert all(int(str(each.get("xfId"))) < len(tables["cellStyleXfs"]) for each in tables["cellXfs"])
    bold = [index for index, font in enumerate(tables["fonts"]) if font.find(f"{MAIN}b") is not None]
    assert [index for index, each in enumerate(tables["cellXfs"]) if int(str(each.get("fontId"))) in bold] == [3]
    return len(tables["cellXfs"])


def check_workbook(workbook: ET.Element, relations: ET.Element) -> list[str]:
    """18.2.27: the order of the elements; names of sheets (18.2.19); defined names (18.2.5). Returns the sheets."""
    assert in_order(names_of(workbook), ["workbookPr", "bookViews", "sheets", "definedNames", "calcPr"])
    sheets = list(workbook.iter(f"{MAIN}sheet"))
    names = [str(each.get("name")) for each in sheets]
    assert len({name.lower() for name in names}) == len(names) > 0
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]|^'|'$", name) for name in names)
    assert len({each.get("sheetId") for each in sheets}) == len(sheets)
    for name in workbook.iter(f"{MAIN}definedName"):
        assert name.get("name") == "_xlnm._FilterDatabase"
        place = int(str(name.get("localSheetId")))
        assert re.fullmatch(rf"'{re.escape(names[place])}'!\$A\$1:\$[A-Z]+\$\d+", str(name.text))
    targets = {each.get("Id"): each.get("Target") for each in relations.iter(f"{REL}Relationship")}
    return [f"xl/{targets[each.get(ID)]}" for each in sheets]


def check_worksheet(sheet: ET.Element, *, styles: int) -> None:
    """18.3.1.99: the order of the elements; 18.3.1.4: a cell's type says what is in it."""
    schema = ["sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "autoFilter", "mergeCells"]
    assert in_order(names_of(sheet), schema)
    columns = [(int(str(each.get("min"))), int(str(each.get("max")))) for each in sheet.iter(f"{MAIN}col")]
    assert columns == [(place, place) for place in range(1, len(columns) + 1)]
    assert all(0 < float(str(each.get("width"))) <= 255 for each in sheet.iter(f"{MAIN}col"))
    rows = list(sheet.iter(f"{MAIN}row"))
    assert len(rows) <= 1_048_576
    assert {len(row) for row in rows} <= {len(columns)}
    for cell in sheet.iter(f"{MAIN}c"):
        assert 0 <= int(cell.get("s", "0")) < styles
        assert cell.get("t", "n") in {"n", "b", "inlineStr"}
        if cell.get("t") == "inlineStr":
            ((text,),) = cell
            assert cell[0].tag == f"{MAIN}is"
            assert text.tag == f"{MAIN}t"
            assert 0 < len(str(text.text).encode("utf-16-le")) // 2 <= 32_767 + 6 * str(text.text).count("_x005F_")
        elif len(cell):
            (value,) = cell
            assert value.tag == f"{MAIN}v"
            assert math.isfinite(float(str(value.text)))
            assert cell.get("t") != "b" or value.text in {"0", "1"}
    assert list(sheet.iter(f"{MAIN}f")) == []
    for pane in sheet.iter(f"{MAIN}pane"):
        assert pane.attrib == {"ySplit": "1", "topLeftCell": "A2", "activePane": "bottomLeft", "state": "frozen"}
    for each in sheet.iter(f"{MAIN}autoFilter"):
        found = re.fullmatch(r"A1:([A-Z]+)(\d+)", str(each.get("ref")))
        assert found
        assert int(found[2]) == len(rows)


def texts_of(part: bytes) -> list[str]:
    return [str(each.text) for each in ET.fromstring(part).iter(f"{MAIN}t")]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(
    "rows", [[], [ROW], [[None] * len(ROW)], [[""] * len(ROW)], [[text] * len(ROW) for text in NASTY]]
)
def test_workbook_keeps_every_rule(rows: list[list[Cell]], header: bool) -> None:
    parts = workbook_of(rows, header=header)
    check(parts)
    assert parts["xl/worksheets/sheet1.xml"].count(b"<row>") == len(rows) + header
    assert (b"<pane " in parts["xl/worksheets/sheet1.xml"]) == header


@settings(max_examples=30)
@given(st.lists(st.lists(st.none() | st.text() | st.floats() | st.integers() | st.booleans(), min_size=2, max_size=2)))
def test_workbook_of_any_cells_keeps_every_rule(rows: list[list[Cell]]) -> None:
    check(workbook_of(rows, columns=COLUMNS[:2]))


@pytest.mark.parametrize("number", [1, 26, 27, 702, 703])
def test_last_column_has_its_name_in_the_filter(number: int) -> None:
    columns = [TicketColumn(name=f"c{each}", label="x", kind=ColumnKind.TEXT) for each in range(number)]
    parts = workbook_of([["x"] * number], columns=columns)
    check(parts)
    last = {1: "A", 26: "Z", 27: "AA", 702: "ZZ", 703: "AAA"}[number]
    assert f'<autoFilter ref="A1:{last}2"/>'.encode() in parts["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize("blocks", [[7], [1] * 7, [3, 4], [2, 3, 2], [6, 1]])
@pytest.mark.parametrize("header", [True, False])
def test_rows_go_on_on_the_next_sheet_below_the_same_header(
    blocks: list[int], header: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_format, "SHEET_ROWS", 3)
    numbers = iter(range(7))
    column = [TicketColumn(name="t", label="Title", kind=ColumnKind.TEXT)]
    parts = workbook_of(
        *([[f"row {next(numbers)}"] for _ in range(each)] for each in blocks), columns=column, header=header
    )
    check(parts)
    label = ["Title"] if header else []
    assert [texts_of(parts[f"xl/worksheets/sheet{number}.xml"]) for number in (1, 2, 3)] == [
        [*label, "row 0", "row 1", "row 2"],
        [*label, "row 3", "row 4", "row 5"],
        [*label, "row 6"],
    ]


def test_a_sheet_that_is_full_to_the_last_row_is_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_format, "SHEET_ROWS", 3)
    parts = workbook_of([["x"]] * 3, columns=COLUMNS[:1])
    assert [name for name in parts if "worksheets" in name] == ["xl/worksheets/sheet1.xml"]


def test_million_and_more_rows_are_two_sheets_within_the_limit_of_excel() -> None:
    container = XlsxFormat().container(COLUMNS[:1])
    row, block = b"<row><c><v>1</v></c></row>", 65_536
    pieces = [container.begin()]
    pieces += [container.add(RowBlock(row * block, block)) for _ in range(16)]
    pieces += [container.add(RowBlock(row * 10, 10)), container.end()]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as book:
        rows = [book.read(f"xl/worksheets/sheet{number}.xml").count(b"<row>") for number in (1, 2)]
    # 1,048,586 tickets, and a header on each.
    assert rows == [1_048_576, 12]
    assert SHEET_ROWS == 1_048_575


def test_what_was_cut_or_replaced_is_counted_by_cell() -> None:
    file_format = XlsxFormat()
    container = file_format.container(COLUMNS[:2])
    container.begin()
    rows: list[list[Cell]] = [["x" * 32_767, "\x00\x01"], ["x" * 32_768, "\ufffe"], ["🎫" * 16_384, "_x0041_ ]]> \r"]]
    rows += [["é" * 20_000, "\ufffd"], ["\x1f" * 32_768, None]]
    container.add(RowBlock(file_format.rows(COLUMNS[:2], rows), len(rows)))
    assert container.changes == {"cutTexts": 3, "replacedTexts": 3}


def test_cut_text_ends_with_a_whole_character() -> None:
    parts = workbook_of([["x" + "🎫" * 16_384]], columns=COLUMNS[:1], header=False)
    assert texts_of(parts["xl/worksheets/sheet1.xml"]) == ["x" + "🎫" * 16_383]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Decimal("0.1000000000000000"), "<c><v>0.1000000000000000</v></c>"),
        (Decimal("123456789012345.00"), "<c><v>123456789012345.00</v></c>"),
        (Decimal("-0.00123456789012345"), "<c><v>-0.00123456789012345</v></c>"),
        (-(10**14), "<c><v>-100000000000000</v></c>"),
    ],
)
def test_zeros_at_the_end_of_decimals_are_no_digits_to_lose(number: Cell, written: str) -> None:
    assert XlsxFormat().rows(COLUMNS[:1], [[number]]) == f"<row>{written}</row>".encode()


@pytest.mark.parametrize("number", [10**15, Decimal("0.1234567890123456"), Decimal("1234567890123456.00"), -(10**20)])
def test_number_of_more_digits_is_a_text(number: Cell) -> None:
    assert b'<c t="inlineStr">' in XlsxFormat().rows(COLUMNS[:1], [[number]])


def test_without_its_extra_a_workbook_is_packed_by_zlib(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = FastXlsxFormat.of(FormatOptions(header=False))
    assert fast.deflate.start.__module__ == fastest_deflate.__module__
    monkeypatch.setitem(sys.modules, "isal", None)
    assert FastXlsxFormat.of(FormatOptions(header=False)) == FastXlsxFormat(header=False)
