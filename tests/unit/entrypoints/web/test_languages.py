from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.ext import extract_from_ast

import ticket_export
from ticket_export.application.view.limits import SHORT_VIEW
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn, TicketColumns
from ticket_export.entrypoints.web.pages.languages import SHIPPED, Languages
from ticket_export.entrypoints.web.pages.library_messages import MESSAGES, PATTERNS
from ticket_export.errors import (
    ConfigurationError,
    ExportNotFoundError,
    InvalidPayloadError,
    RowCountMismatchError,
    TooManyExportsError,
)

PAGES = SHIPPED.parent
LANGUAGES = Languages()
COMPLETE = ("de", "ar")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def texts_of_templates() -> Iterator[str | tuple[str, str]]:
    environment = Environment(autoescape=True)
    for path in sorted((PAGES / "templates").glob("*.html")):
        tree = environment.parse(path.read_text("utf-8"))
        for _, function, texts in extract_from_ast(tree, gettext_functions=("_", "ngettext"), babel_style=False):
            given_texts = (texts,) if isinstance(texts, str) else tuple(text for text in texts or () if text)
            if function == "ngettext":
                yield given_texts[0], given_texts[1]
            elif given_texts:
                yield given_texts[0]


def texts_of_modules() -> Iterator[str | tuple[str, str]]:
    for path in sorted(PAGES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="msgid"), args=[ast.Constant(value=str(text))]):
                    yield text
                case ast.Call(
                    func=ast.Name(id="msgids") | ast.Attribute(attr="ngettext"),
                    args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), *_],
                ):
                    yield one, many


TEXTS = frozenset([*texts_of_templates(), *texts_of_modules()])


def catalog(code: str) -> Catalog:
    with (SHIPPED / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def test_texts_are_found_in_templates_and_modules() -> None:
    assert {"My exports", "CSV for German Excel", "Cancelled", ("%(count)s export", "%(count)s exports")} <= TEXTS


@pytest.mark.parametrize("code", COMPLETE)
def test_language_has_every_text_and_no_other(code: str) -> None:
    ids = {each.id if isinstance(each.id, str) else tuple(each.id) for each in catalog(code) if each.id and each.string}
    assert ids == TEXTS


def test_english_has_only_texts_that_are_used() -> None:
    assert {each.id for each in catalog("en") if each.id} <= TEXTS


@pytest.mark.parametrize("code", ["en", *COMPLETE])
def test_placeholders_agree(code: str) -> None:
    wrong = []
    for each in catalog(code):
        ids = [each.id] if isinstance(each.id, str) else each.id
        strings = [each.string] if isinstance(each.string, str) else each.string or []
        known = {name for text in ids for name in _PLACEHOLDER.findall(text)}
        for string in strings if each.id else ():
            # One and two are words in Arabic; otherwise each value of the id is in the text.
            is_plural_word = len(strings) > 1 and set(_PLACEHOLDER.findall(string)) <= known
            is_same = set(_PLACEHOLDER.findall(string)) == known and "%" not in _PLACEHOLDER.sub("", string)
            may_drop = each.id == "columns[%(place)s]: unknown column %(column)s"
            if not (string and (is_same or is_plural_word or may_drop)):
                wrong.append(string)
    assert wrong == []


@pytest.mark.parametrize("code", ["en", *COMPLETE])
def test_every_number_has_a_plural(code: str) -> None:
    language = LANGUAGES.find(code)
    told = [language.ngettext("%(count)s export", "%(count)s exports", number) for number in range(200)]
    assert all("%" not in each for each in told)
    assert all(str(number) in told[number] for number in (3, 11, 99, 100, 103))
    assert len(set(told)) > 190


def strings_of_library() -> str:
    """All strings outside of the pages; of a string with values, the parts between them."""
    paths = [path for path in Path(ticket_export.__file__).parent.rglob("*.py") if PAGES not in path.parents]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


SAID = strings_of_library()


def problems_of(view: dict[str, object]) -> tuple[str, ...]:
    with pytest.raises(InvalidPayloadError) as refused:
        read_view(view, TicketColumns([TicketColumn(name="title", label="Title", kind=ColumnKind.TEXT)]))
    return refused.value.problems


def is_said(text: str) -> bool:
    """Whether the library has the text, or the two strings of which it is made."""
    return any(text[:cut] in SAID and text[cut:] in SAID for cut in range(len(text)))


def test_messages_without_values_are_messages_of_the_library() -> None:
    made = {
        str(TooManyExportsError(1)),
        *problems_of({"columns": []}),
        f"a view of more than {SHORT_VIEW:,} characters",
    }
    assert [text for text in MESSAGES if text not in made and not is_said(text)] == []


def test_messages_with_values_are_messages_of_the_library() -> None:
    job = uuid4()
    made = [
        str(TooManyExportsError(3)),
        str(RowCountMismatchError(counted=5, written=4)),
        str(ExportNotFoundError(job)),
        *problems_of({"columns": ["titel"], "timeZone": "Mars"}),
    ]
    german = LANGUAGES.find("de")
    assert [text for text in made if german.message(text) is None] == []
    said = [
        pattern for pattern in PATTERNS if all(is_said(piece) for piece in _PLACEHOLDER.split(pattern)[::2] if piece)
    ]
    ends = {text for text in PATTERNS if text.startswith("The export was given up") or "The log has" in text}
    assert len(ends) == 4
    assert ends <= set(said)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Cancelled", "Abgebrochen"),
        (
            "The export failed unexpectedly. The log has the cause under 1b9d6bcd.",
            "Der Export ist unerwartet fehlgeschlagen. Die Ursache steht im Protokoll unter 1b9d6bcd.",
        ),
        (str(TooManyExportsError(1)), "Einer Ihrer Exporte ist noch nicht fertig"),
        (str(TooManyExportsError(3)), "3 Ihrer Exporte sind noch nicht fertig"),
        (str(RowCountMismatchError(counted=5, written=4)), "Es wurden 4 Zeilen geschrieben, aber 5 gezählt"),
        ("columns[1]: unknown column 'titel' (did you mean 'title'?)", "Unbekannte Spalte: 'titel' (did you mean"),
    ],
)
def test_message_of_the_library_is_translated_with_its_values(message: str, told: str) -> None:
    assert (LANGUAGES.find("de").message(message) or "").startswith(told)


def test_message_that_no_language_knows_is_none() -> None:
    assert LANGUAGES.find("de").message("The disk is full.") is None
    assert LANGUAGES.find("de").message("") is None


@pytest.mark.parametrize(
    ("code", "found"),
    [("de", "de"), ("de-AT", "de"), ("DE_de", "de"), ("ar-EG", "ar"), ("fr", "en"), ("", "en"), ("-", "en")],
)
def test_a_code_finds_its_language_or_its_base_or_english(code: str, found: str) -> None:
    assert LANGUAGES.find(code).code == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de", "de"),
        ("fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5", "de"),
        ("en;q=0.5, ar;q=0.8", "ar"),
        ("de;q=0, ar;q=0.1", "ar"),
        ("de;q=0", "en"),
        ("de;q=high, ar;q=0.1", "ar"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_accept_language_prefers_the_greatest_weight(header: str, found: str) -> None:
    assert LANGUAGES.accepted(header).code == found


@given(st.text(max_size=200))
def test_any_header_gets_a_language(header: str) -> None:
    assert LANGUAGES.accepted(header).code in LANGUAGES.codes


def test_own_file_adds_a_language(tmp_path: Path) -> None:
    (tmp_path / "pt-BR.po").write_text('msgid "My exports"\nmsgstr "Minhas exportações"\n', "utf-8")
    languages = Languages(tmp_path)
    language = languages.find("pt-BR")
    assert languages.codes == ("en", "ar", "de", "pt-BR")
    assert language.gettext("My exports") == "Minhas exportações"
    assert language.gettext("New export") == "New export"
    assert (language.message("columns: choose at least one column"), language.direction) == (
        "Choose at least one column.",
        "ltr",
    )


def test_own_file_replaces_single_texts(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text('msgid "My exports"\nmsgstr "Exportliste"\n', "utf-8")
    (tmp_path / "en.po").write_text('msgid "New export"\nmsgstr "Save tickets"\n', "utf-8")
    languages = Languages(tmp_path)
    german, english = languages.find("de"), languages.find("en")
    assert (german.gettext("My exports"), german.gettext("New export")) == ("Exportliste", "Neuer Export")
    assert german.ngettext("%(count)s export", "%(count)s exports", 2) == "2 Exporte"
    assert (english.gettext("My exports"), english.gettext("New export")) == ("My exports", "Save tickets")
    assert english.message("columns: choose at least one column") == "Choose at least one column."


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("tlh-ABCDE.po", "", "tlh-ABCDE.po names no language"),
        ("fr.po", 'msgid "a"\nnonsense\n', "fr.po cannot be read"),
    ],
)
def test_own_file_that_is_no_language_is_refused(tmp_path: Path, name: str, content: str, problem: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=problem):
        Languages(tmp_path)


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Move %(column)s", "Bouger %(colonne)s"),
        ("Move %(column)s", "Bouger %(column)"),
        ("Move %(column)s", "Bouger à 100 % %(column)s"),
        ("Move %(column)s", "Bouger %(column)d"),
        ("columns[%(place)s]: unknown column %(column)s", "colonne %s"),
    ],
)
def test_placeholder_without_a_value_is_refused_at_the_start(tmp_path: Path, text: str, translation: str) -> None:
    (tmp_path / "fr.po").write_text(f'msgid "{text}"\nmsgstr "{translation}"\n', "utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(f'fr.po: "{translation}"')):
        Languages(tmp_path)


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Move %(column)s", "100 %% %(column)s, %(column)s"),
        ("My exports", "100 % of mine"),
        ("100 % of %(count)d", "%(count)d"),
    ],
)
def test_text_that_can_be_shown_is_not_refused(tmp_path: Path, text: str, translation: str) -> None:
    (tmp_path / "fr.po").write_text(f'msgid "{text}"\nmsgstr "{translation}"\n', "utf-8")
    assert Languages(tmp_path).find("fr").gettext(text) == translation


def test_plural_forms_may_have_the_values_of_either_form(tmp_path: Path) -> None:
    one, many = "%(column)s is within the past day", "%(column)s is within the past %(value)s days"
    path = tmp_path / "fr.po"
    forms = f'msgid "{one}"\nmsgid_plural "{many}"\nmsgstr[0] "%(column)s: %(value)s"\nmsgstr[1] '
    path.write_text(f'{forms}"%(value)s: %(column)s"\n', "utf-8")
    assert "fr" in Languages(tmp_path).codes
    path.write_text(f'{forms}"%(valeur)s: %(column)s"\n', "utf-8")
    with pytest.raises(ConfigurationError, match="valeur"):
        Languages(tmp_path)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder"):
        Languages(tmp_path / "none")


def test_numbers_sizes_and_times_have_the_form_of_the_language() -> None:
    moment = datetime(2026, 11, 29, 15, 7, tzinfo=timezone(timedelta(hours=2)))
    english, german, arabic = (LANGUAGES.find(code) for code in ("en", "de", "ar"))
    assert (english.number(1234567), german.number(1234567)) == ("1,234,567", "1.234.567")
    assert (english.percent(42), german.percent(42)) == ("42%", "42\xa0%")
    assert (english.size(1), english.size(999), english.size(1834567)) == ("1 byte", "999 bytes", "1.8 MB")
    assert (german.size(1834567), english.size(12 * 10**12)) == ("1,8 MB", "12 TB")
    assert (english.span(72), english.span(36), german.span(24)) == ("3 days", "36 hours", "1 Tag")
    assert (english.moment(moment), arabic.moment(moment)) == ("29 Nov 2026, 13:07 UTC", "29 نوفمبر 2026، 13:07 UTC")
    assert (english.direction, german.direction, arabic.direction) == ("ltr", "ltr", "rtl")
    assert english.listed(["Open", "Pending", "Closed"]) == "Open, Pending or Closed"
