"""The languages that the pages speak, and which of them a user gets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from ticket_export.entrypoints.web.pages.language import Language
from ticket_export.entrypoints.web.pages.library_messages import PATTERNS
from ticket_export.errors import ConfigurationError

#: The folder of the languages that the library brings.
SHIPPED: Final = Path(__file__).parent / "languages"
_ENGLISH: Final = "en"
# A browser sends a handful; a header of thousands is no wish of a user.
_MOST_WISHES: Final = 20
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[^a-zA-Z%]*[a-zA-Z]")


class Languages:
    """The languages of the library, and those of the host's folder `own`.

    A file ``<code>.po`` of that folder, such as ``fr.po`` or ``pt-BR.po``, adds a language or replaces single texts of
    one. What a language lacks is shown in English.

    Raises:
        ConfigurationError: the name of a file is not the code of a language, the file cannot be read, or a translation
            has a placeholder that the English text does not have.
    """

    def __init__(self, own: Path | None = None) -> None:
        folders = [SHIPPED] if own is None else [SHIPPED, own]
        catalogs: dict[str, list[Translations]] = {}
        for path in [path for folder in folders for path in _files(folder)]:
            catalogs.setdefault(_code(path), []).insert(0, _translations(_catalog(path)))
        english = catalogs[_ENGLISH]
        self._by_code = {
            code: Language(
                code=code,
                texts=_chained(found if code == _ENGLISH else [*found, *english]),
                patterns=PATTERNS,
            )
            for code, found in catalogs.items()
        }
        self._by_lower_code = {code.lower(): language for code, language in self._by_code.items()}
        self.codes: tuple[str, ...] = tuple(self._by_code)

    def find(self, code: str) -> Language:
        """Return the language of the code, else that of its base (``de`` for ``de-AT``), else English."""
        return self._fitting(code) or self._by_code[_ENGLISH]

    def accepted(self, header: str) -> Language:
        """Return the language that an ``Accept-Language`` header prefers, else English (RFC 9110, section 12.5.4)."""
        wishes = [_wish(part) for part in header.split(",")[:_MOST_WISHES]]
        for weight, code in sorted(wishes, key=lambda wish: -wish[0]):
            if weight > 0 and (language := self._fitting(code)):
                return language
        return self._by_code[_ENGLISH]

    def _fitting(self, code: str) -> Language | None:
        wanted = code.strip().replace("_", "-").lower()[:100]
        while wanted:
            if wanted in self._by_lower_code:
                return self._by_lower_code[wanted]
            wanted = wanted.rpartition("-")[0]
        return None


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigurationError(f"languages: {folder} is not a folder; create it, with a file such as fr.po")
    # English first: it is the last that is asked.
    return sorted(folder.glob("*.po"), key=lambda path: (path.stem != _ENGLISH, path.stem))


def _code(path: Path) -> str:
    code = path.stem.replace("_", "-")
    try:
        Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise ConfigurationError(f"languages: {path.name} names no language; use a name such as fr.po") from error
    return code


def _catalog(path: Path) -> Catalog:
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)
    except (PoFileError, ValueError, OSError) as error:
        raise ConfigurationError(f"languages: {path.name} cannot be read: {error}") from error
    for message in (each for each in catalog if not each.fuzzy):
        _check(path.name, _forms(message.id), _forms(message.string or ""))
    return catalog


def _check(file_name: str, texts: Iterable[str], translations: Iterable[str]) -> None:
    known = {placeholder for text in texts for placeholder in _PLACEHOLDER.findall(text)}
    for translation in translations if known else ():
        rest = _PLACEHOLDER.sub(lambda found: "" if found[0] in known else found[0], translation.replace("%%", ""))
        if "%" in rest:
            # Python could not fill in the values, and the page would be an error.
            raise ConfigurationError(
                f'languages: {file_name}: "{translation}" may have no "%" but those of {", ".join(sorted(known))}; '
                'write "%%" for a percent sign'
            )


def _forms(text: str | Iterable[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _translations(catalog: Catalog) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def _chained(found: list[Translations]) -> Translations:
    """Return the first one, which asks the next one for a text that it lacks, and so on; each has its own plurals."""
    first, *rest = [_copy(each) for each in found]
    for each in rest:
        first.add_fallback(each)
    return first


def _copy(translations: Translations) -> Translations:
    # English is at the end of several chains, and a fallback is added to the last link.
    copy = Translations()
    copy.__dict__.update(translations.__dict__)
    return copy


def _wish(part: str) -> tuple[float, str]:
    code, _, parameter = part.partition(";")
    name, _, weight = parameter.partition("=")
    try:
        return (float(weight) if name.strip().lower() == "q" else 1.0), code
    except ValueError:
        return 0.0, code
