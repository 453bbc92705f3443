"""The parts of a workbook around its rows: SpreadsheetML of ECMA-376, transitional.

Elements are in the order of the schema. Content types come first in the file, before the number of sheets is known, so
the default type of ``.xml`` is that of a worksheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import east_asian_width

from ticket_export.application.formats.xlsx_rows import TEXT, worksheet_rows
from ticket_export.application.formats.xlsx_texts import WorksheetTexts
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

CONTENT_TYPES: Final = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    "</Types>"
).encode()

PACKAGE_RELATIONS: Final = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
).encode()

# Cell formats in the order of the style numbers of `xlsx_rows`: default, moment, day, header.
STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
).encode()

# The first row stays where it is when the reader scrolls.
_FROZEN: Final = (
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/>'
)

# In characters. Texts are cut on the screen, or the sheet would be wider than any screen.
_WIDTHS: Final = {
    ColumnKind.TEXT: 30,
    ColumnKind.NUMBER: 12,
    ColumnKind.DATE: 20,
    ColumnKind.DAY: 12,
    ColumnKind.BOOLEAN: 10,
    ColumnKind.CHOICE: 16,
    ColumnKind.ID: 12,
}
_WIDEST: Final = 50
# Of the button of the filter.
_BUTTON: Final = 4


def sheet_name(number: int) -> str:
    """Return the name of a sheet; the first is number 1."""
    return "Tickets" if number == 1 else f"Tickets {number}"


def sheet_part(number: int) -> str:
    """Return the name of the part of a sheet."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_start(columns: Sequence[TicketColumn], *, number: int, header: bool) -> bytes:
    """Return a worksheet up to its first row of tickets."""
    selected = ' tabSelected="1"' if number == 1 else ""
    view = f'<sheetView{selected} workbookViewId="0">{_FROZEN if header else ""}</sheetView>'
    widths = "".join(
        f'<col min="{place}" max="{place}" width="{_width(column)}" customWidth="1"/>'
        for place, column in enumerate(columns, start=1)
    )
    start = (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews>{view}</sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols><sheetData>'
    )
    return start.encode() + (_header(columns) if header else b"")


def sheet_end(columns: Sequence[TicketColumn], *, rows: int, header: bool) -> bytes:
    """Return the rest of a worksheet of `rows` rows, that of the header included."""
    filtered = f'<autoFilter ref="A1:{_letters(len(columns))}{rows}"/>' if header else ""
    return f"</sheetData>{filtered}</worksheet>".encode()


def workbook(columns: Sequence[TicketColumn], *, rows: Sequence[int], header: bool) -> bytes:
    """Return the part that names the sheets; `rows` has the number of rows of each."""
    numbers = range(1, len(rows) + 1)
    sheets = "".join(f'<sheet name="{sheet_name(each)}" sheetId="{each}" r:id="rId{each}"/>' for each in numbers)
    # Excel keeps the cells of each filter in a hidden name, and other programs look for it.
    ranges = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{each - 1}" hidden="1">'
        f"'{sheet_name(each)}'!$A$1:${_letters(len(columns))}${rows[each - 1]}</definedName>"
        for each in numbers
    )
    names = f"<definedNames>{ranges}</definedNames>" if header else ""
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets>{names}</workbook>"
    ).encode()


def workbook_relations(sheets: int) -> bytes:
    """Return the part that says where the sheets and the styles are."""
    relations = "".join(
        f'<Relationship Id="rId{each}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{each}.xml"/>'
        for each in range(1, sheets + 1)
    )
    return (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ).encode()


def _header(columns: Sequence[TicketColumn]) -> bytes:
    row = WorksheetTexts()(worksheet_rows([[column.label for column in columns]]))
    return row.replace(TEXT.encode(), TEXT.replace("<c ", '<c s="3" ').encode())


def _width(column: TicketColumn) -> int:
    # Letters of East Asian scripts are as wide as two others.
    label = sum(2 if east_asian_width(char) in "WF" else 1 for char in column.label)
    return min(max(_WIDTHS[column.kind], label + _BUTTON), _WIDEST)


def _letters(number: int) -> str:
    """Return the name of a column; the first is number 1."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
