"""One language: its texts, and its forms of numbers, sizes and times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import attrs
from babel import Locale
from babel.dates import format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations
from babel.units import format_unit

_UNITS: Final = ("digital-kilobyte", "digital-megabyte", "digital-gigabyte", "digital-terabyte")
_PLACEHOLDER: Final = re.compile(r"%\\\((\w+)\\\)s")
# "29 Nov 2026" is read in the same way everywhere; "11/29/2026" is not.
_FORMS: Final = {"en": "en-GB"}


def msgid(text: str) -> str:
    """Return the text, which is looked up in a language later; a test finds it by this call."""
    return text


def msgids(one: str, many: str) -> tuple[str, str]:
    """Return the texts for one and for many, which are looked up together later; see `msgid`."""
    return one, many


@attrs.frozen(kw_only=True, eq=False)
class Language:
    """The texts of a language; a text that it lacks is returned in English.

    `patterns` are the texts with placeholders that a message of the library may be, with its values filled in.
    """

    code: str
    texts: NullTranslations
    patterns: tuple[str, ...] = ()
    _locale: Locale = attrs.field(init=False)

    @_locale.default
    def _find_locale(self) -> Locale:
        return Locale.parse(_FORMS.get(self.code, self.code), sep="-")

    @property
    def direction(self) -> str:
        """The direction of the script: ``ltr`` or ``rtl``."""
        return self._locale.text_direction

    def gettext(self, text: str, /, **values: object) -> str:
        """Return the text in this language, with the values for its ``%(name)s``."""
        found = self.texts.gettext(text) if text else ""
        return found % values if values else found

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """Return the text in the form for this number, which is also the value ``%(count)s``."""
        return self.texts.ngettext(one, many, number) % {"count": self.number(number), **values}

    def message(self, text: str) -> str | None:
        """Return a message of the library in this language, or None if it is not known.

        A message may be a pattern of the language with values, such as a number.
        """
        if (found := self.gettext(text)) != text:
            return found
        for pattern in self.patterns:
            if match := _expression(pattern).fullmatch(text):
                return self.texts.gettext(pattern) % match.groupdict()
        return None

    def number(self, value: int) -> str:
        """Return the number with its thousands apart."""
        return format_decimal(value, locale=self._locale)

    def percent(self, value: int) -> str:
        """Return a number of hundredths, such as ``40%``."""
        return format_percent(value / 100, locale=self._locale)

    def size(self, length: int) -> str:
        """Return a number of bytes in the unit that people use for files of that size, in powers of 1,000."""
        if length < 1000:
            return format_unit(length, "digital-byte", length="long", locale=self._locale)
        power = min((len(str(length)) - 1) // 3, len(_UNITS))
        shown = length / 1000**power
        digits = "0.0" if shown < 10 else "0"
        return format_unit(shown, _UNITS[power - 1], length="short", format=digits, locale=self._locale)

    def moment(self, value: datetime) -> str:
        """Return an aware moment, as date and time in UTC."""
        there = value.astimezone(UTC)
        day = format_skeleton("yMMMd", there, locale=self._locale)
        return self.series([day, f"{format_time(there, 'HH:mm', locale=self._locale)} UTC"])

    def span(self, hours: float) -> str:
        """Return a span of time in whole days if it is some, else in hours: ``3 days``, ``36 hours``."""
        days, rest = divmod(hours, 24)
        unit, number = ("duration-hour", hours) if rest or not days else ("duration-day", days)
        return format_unit(number, unit, length="long", format="#,##0.#", locale=self._locale)

    def listed(self, parts: Iterable[str]) -> str:
        """Return the parts as a list in a sentence: ``Open, Pending or Closed``."""
        return format_list(list(parts), style="or", locale=self._locale)

    def series(self, parts: Iterable[str]) -> str:
        """Return the parts as a plain series: ``Title, Status, Created``."""
        return self.gettext(msgid(", ")).join(parts)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+?)", re.escape(pattern)), re.DOTALL)
