"""The pages as HTML, rendered by Jinja2."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from ticket_export.application.dto import ChoicesDto, ColumnDto, WatchedExportDto, WatchedPage
from ticket_export.domain.user_id import UserId
from ticket_export.entrypoints.web.pages.context import PageContext
from ticket_export.entrypoints.web.pages.form import ExportForm
from ticket_export.entrypoints.web.pages.language import Language
from ticket_export.entrypoints.web.pages.languages import Languages
from ticket_export.entrypoints.web.pages.shown_export import ShownExport
from ticket_export.entrypoints.web.pages.static_files import STATIC_FILES
from ticket_export.entrypoints.web.pages.view_words import words_of
from ticket_export.errors import ConfigurationError

_WORD: Final = re.compile(r"\w+[ ,;]")
# Zones such as "CET" and "Etc/GMT+1" are for programs.
_AREAS: Final = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/"),
    *("Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)
_TEMPLATES: Final = Path(__file__).parent / "templates"


class Pages:
    """Renders the pages.

    A template of the folder `templates` replaces the library's of the same name, which it can still extend:
    ``{% extends "ticket-export/base.html" %}``. Values are escaped, and a name that does not exist is an error.

    Raises:
        ConfigurationError: `templates` is not a folder.
    """

    #: The files that the pages load, by name.
    STATIC = STATIC_FILES

    def __init__(self, languages: Languages, templates: Path | None = None) -> None:
        self.languages = languages
        shipped = FileSystemLoader(_TEMPLATES)
        if templates is not None and not templates.is_dir():
            raise ConfigurationError(f"templates: {templates} is not a folder; create it, or correct the path")
        own = [] if templates is None else [FileSystemLoader(templates)]
        self._environment = Environment(
            loader=ChoiceLoader([*own, shipped, PrefixLoader({"ticket-export": shipped})]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def new_export(
        self,
        context: PageContext,
        choices: ChoicesDto,
        form: ExportForm,
        problems: Sequence[str] = (),
        message: str = "",
    ) -> str:
        """Return the page *New export*; `problems` say why the form was refused, `message` what else happened."""
        words = [] if form.kept_view is None else words_of(form.kept_view, choices.columns, context.language)
        return self._render(
            "new.html",
            context,
            choices=choices,
            form=form,
            words=words,
            zones=_zones(form.time_zone),
            problems=list(dict.fromkeys([*form.problems, *problems])),
            message=message,
        )

    def exports(
        self, context: PageContext, page: WatchedPage, actor_id: UserId, columns: Sequence[ColumnDto] = ()
    ) -> str:
        """Return the page *My exports* of the user `actor_id`; `columns` have the labels of what is exported."""
        return self._render(
            "list.html",
            context,
            page=page,
            exports=[ShownExport(each, context.language, columns) for each in page.items],
            has_others=any(each.requester_user_id != actor_id for each in page.items),
            last_page=max(1, -(-page.total // page.page_size)),
        )

    def status(
        self, context: PageContext, export: WatchedExportDto, *messages: str, columns: Sequence[ColumnDto] = ()
    ) -> str:
        """Return the page *Status* of an export; `columns` have the labels of what is exported.

        `messages` say why a form of the page was refused.
        """
        shown = ShownExport(export, context.language, columns)
        return self._render("status.html", context, shown=shown, messages=messages)

    def problem(self, context: PageContext, status: int, title: str, *details: str) -> str:
        """Return the page of an error; the texts are used where the page has no better ones for the status."""
        return self._render("problem.html", context, status=status, title=title, details=details)

    def _render(self, template: str, context: PageContext, **values: object) -> str:
        language = context.language
        html = self._environment.get_template(template).render(
            context=context,
            root=context.root,
            language=language,
            _=partial(_text, language.gettext),
            ngettext=_plural(language),
            told=partial(_told, language),
            moment=partial(_moment, language),
            static=partial(_static, context.root),
            **values,
        )
        # A stored text may hold half of a surrogate pair, which no response can.
        return html.encode("utf-8", "replace").decode()


def _text(gettext: Callable[[str], str], text: str, /, **values: object) -> Markup:
    """Return the text of a language, which is never markup; of the values, only markup is."""
    found = escape(gettext(text))
    return found % values if values else found


def _plural(language: Language) -> Callable[..., Markup]:
    def ngettext(one: str, many: str, number: int, /, **values: object) -> Markup:
        return escape(language.texts.ngettext(one, many, number)) % {"count": language.number(number), **values}

    return ngettext


def _told(language: Language, text: str) -> Markup:
    """Return a message of the library as a sentence, and in English as such if the language does not know it."""
    known = language.message(text)
    sentence = known or text
    # A place in a view, such as "filters[0].field: ", is no beginning of a sentence.
    if _WORD.match(sentence):
        sentence = sentence[:1].upper() + sentence[1:]
    if sentence[-1:].isalnum() or sentence[-1:] in {'"', "”", ")", "»", "“"}:
        sentence += "."
    if known is None and language.code != "en":
        return Markup('<span lang="en" dir="ltr">{}</span>').format(sentence)
    return Markup("{}").format(sentence)


def _moment(language: Language, moment: datetime) -> Markup:
    iso = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(iso, language.moment(moment))


def _static(root: str, name: str) -> str:
    return f"{root}/static/{name}?v={STATIC_FILES[name].version}"


@cache
def _zone_options() -> str:
    zones = ["UTC", *sorted(name for name in available_timezones() if name.startswith(_AREAS))]
    return "".join(map(_zone_option, zones))


def _zone_option(name: str) -> str:
    return str(Markup('<option value="{}">{}</option>').format(name, name.replace("_", " ")))


def _zones(chosen: str) -> Markup:
    """Return the options of all time zones; a template takes longer for 400 of them than for the rest of the page."""
    option = _zone_option(chosen)
    selected = option.replace('">', '" selected>', 1)
    options = _zone_options()
    # All of it was escaped above.
    return Markup(options.replace(option, selected) if option in options else selected + options)  # noqa: S704
