"""What the page *New export* shows and sends: the view of the host, and what the user may change in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, Self, TypeVar

import attrs
from pydantic import ValidationError
from pydantic.alias_generators import to_pascal, to_snake

from ticket_export.application.dto import ChoicesDto, ColumnDto
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.json_text import parse_json
from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.snapshot import ExportSnapshotPayload
from ticket_export.entrypoints.web.pages.file_presets import FilePreset, preset_for, presets_of
from ticket_export.errors import InvalidPayloadError

_T = TypeVar("_T")

#: The keys of a view that the form shows; it keeps every other one as it is.
SHOWN_KEYS: Final = ("columns", "sortField", "sortDirection", "timeZone", "file")
_KEY_BY_SPELLING: Final = {
    spelling: key for key in SHOWN_KEYS for spelling in (key, to_pascal(to_snake(key)), to_snake(key))
}
_MOVES: Final = {"up": -1, "down": 1}


@attrs.frozen(kw_only=True)
class ShownColumn:
    """A column in the chooser, at its place."""

    column: ColumnDto
    is_chosen: bool


@attrs.frozen(kw_only=True, slots=False)
class ExportForm:
    """The state of the form.

    `given` is the view of the host. `columns` are all that the user may choose from, in the shown order. `left_out`
    are names of the host's view that are not among them, which the page tells. `unknown` are such names that were sent
    as chosen: they stay in the view to request, and the request says that they are unknown. `moved` is the button and
    the column that reloaded the page, so that the keyboard stays there. `problems` say what is wrong with the view of
    the host; the user cannot mend it, so nothing may be exported by this form.
    """

    given: Mapping[str, object]
    columns: tuple[ShownColumn, ...]
    presets: tuple[FilePreset, ...]
    file: str
    sort_field: str
    sort_direction: str
    time_zone: str
    has_time_zone: bool
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    moved: tuple[str, str] | None = None
    problems: tuple[str, ...] = ()
    #: The text of a view that cannot be read; it is sent again as it is, and never becomes an export of everything.
    unreadable: str | None = None

    @classmethod
    def from_view(cls, view: Mapping[str, object], choices: ChoicesDto) -> Self:
        """Return the form of a view; of an empty one, it shows all columns as chosen, in the order of the catalog."""
        shown = _shown_part(view)
        presets = presets_of(choices.formats, choices.file.delimiter or ",")
        names, unknown = _known(_texts(shown.get("columns")), choices.columns)
        chosen = names or [each.name for each in choices.columns]
        order = [*chosen, *(each.name for each in choices.columns if each.name not in chosen)]
        preset = _preset(_file(shown.get("file")), choices, presets)
        sort_field, no_field = _known(_texts([shown.get("sortField")]), choices.columns)
        return cls(
            given=view,
            columns=_shown(order, set(chosen), choices.columns),
            presets=presets,
            file=preset.value if preset else "",
            sort_field=next(iter(sort_field), ""),
            sort_direction="desc" if str(shown.get("sortDirection")).lower().startswith("desc") else "asc",
            time_zone=_text(shown.get("timeZone")) or "UTC",
            has_time_zone="timeZone" in shown,
            left_out=tuple(dict.fromkeys(unknown + no_field)),
            problems=_problems(view),
        )

    @classmethod
    def from_fields(cls, fields: Sequence[tuple[str, str]], choices: ChoicesDto) -> Self:
        """Return the form as submitted; without the fields `order` and `columns`, the form of the field `view`.

        The buttons `up` and `down` move the column that is their value by one place.
        """
        view, problems, unreadable = _given_view([value for name, value in fields if name == "view"])
        form = attrs.evolve(cls.from_view(view, choices), unreadable=unreadable)
        form = attrs.evolve(form, problems=(*problems, *form.problems))
        if not any(name in {"order", "columns"} for name, _ in fields):
            return form
        sent = dict(fields)
        order, _ = _known([value for name, value in fields if name == "order"], choices.columns)
        chosen, unknown = _known([value for name, value in fields if name == "columns"], choices.columns)
        order += [each for each in chosen if each not in order]
        order += [each.name for each in choices.columns if each.name not in order]
        moved = next(((name, value) for name, value in fields if name in _MOVES), None)
        if moved and moved[1] in order:
            order = _moved(order, moved[1], _MOVES[moved[0]])
        return attrs.evolve(
            form,
            columns=_shown(order, set(chosen), choices.columns),
            file=str(sent.get("file") or form.file).replace("\\t", "\t"),
            sort_field=sent.get("sortField", form.sort_field),
            sort_direction="desc" if sent.get("sortDirection", form.sort_direction) == "desc" else "asc",
            time_zone=sent.get("timeZone") or form.time_zone,
            has_time_zone=form.has_time_zone or "timeZone" in sent,
            unknown=tuple(unknown),
            moved=moved,
        )

    def view(self) -> dict[str, object]:
        """Return the view to request.

        Raises:
            InvalidPayloadError: the view of the host cannot be read, or has a mistake.
        """
        if self.problems:
            raise InvalidPayloadError(self.problems)
        view = {key: value for key, value in self.given.items() if key not in _KEY_BY_SPELLING}
        view["columns"] = [each.column.name for each in self.columns if each.is_chosen] + list(self.unknown)
        if self.sort_field:
            view |= {"sortField": self.sort_field, "sortDirection": self.sort_direction}
        # A view without a zone has the times in UTC, and stays the same view.
        if self.time_zone != "UTC" or "timeZone" in self._shown_part:
            view["timeZone"] = self.time_zone
        return view | {"file": self._file_options()}

    @cached_property
    def view_text(self) -> str:
        """The JSON of the host's view, for the hidden field."""
        if self.unreadable is not None:
            return self.unreadable
        text = json.dumps(self.given, ensure_ascii=False, default=str)
        # Half of a surrogate pair cannot be sent, but its escape can.
        return text if text.isascii() or _is_unicode(text) else json.dumps(self.given, default=str)

    @property
    def can_be_sent(self) -> bool:
        """Whether the user can end with an export."""
        return not self.problems

    @cached_property
    def kept_view(self) -> ExportSnapshotPayload | None:
        """The part of the view that the form keeps, to be told in words; None if it has problems."""
        return None if self.problems else _kept(self.given)

    @property
    def _shown_part(self) -> dict[str, object]:
        return _shown_part(self.given)

    def _file_options(self) -> dict[str, object]:
        preset = next((each for each in self.presets if each.value == self.file), None)
        if preset is None:
            return {"format": self.file}
        given = _file(self._shown_part.get("file"))
        default = self.presets[0].format
        is_same = given is not None and (given.format or default).lower() == preset.format
        kept = given.model_dump(by_alias=False, exclude_none=True) if given and is_same else {}
        return kept | {"format": preset.format} | ({"delimiter": preset.delimiter} if preset.delimiter else {})


def _shown_part(view: Mapping[str, object]) -> dict[str, object]:
    return {_KEY_BY_SPELLING[key]: value for key, value in view.items() if key in _KEY_BY_SPELLING}


def _kept(view: Mapping[str, object]) -> ExportSnapshotPayload:
    kept = {key: value for key, value in view.items() if key not in _KEY_BY_SPELLING}
    # A view needs a column; which one does not matter here.
    return read_view(kept | {"columns": ["any"]})


def _problems(view: Mapping[str, object]) -> tuple[str, ...]:
    # A view that names no column leaves the choice to the user.
    whole = dict(view)
    if _shown_part(view).get("columns", []) == []:
        whole = {key: each for key, each in view.items() if _KEY_BY_SPELLING.get(key) != "columns"}
        whole["columns"] = ["any"]
    try:
        read_view(whole)
    except InvalidPayloadError as error:
        return error.problems
    return ()


def _given_view(sent: Sequence[str]) -> tuple[Mapping[str, object], tuple[str, ...], str | None]:
    """Return the view, its problems, and its text if it cannot be read."""
    if not sent:
        return {}, (), None
    try:
        if len(sent) > 1:
            raise InvalidPayloadError(["view: was sent more than once"])
        view = parse_json(sent[0])
        if not isinstance(view, dict):
            raise InvalidPayloadError([f"view: must be an object with keys, not {type(view).__name__}"])
    except InvalidPayloadError as error:
        return {}, error.problems, sent[0]
    return view, (), None


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, (list, tuple)) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _known(names: Iterable[str], columns: Sequence[ColumnDto]) -> tuple[list[str], list[str]]:
    """Return the names of columns in the catalog's spelling, each once; and the other names."""
    by_name = {each.name.lower(): each.name for each in columns}
    given = list(dict.fromkeys(names))
    known = [by_name[name.lower()] for name in given if name.lower() in by_name]
    return list(dict.fromkeys(known)), [name for name in given if name.lower() not in by_name]


def _shown(order: Iterable[str], chosen: set[str], columns: Sequence[ColumnDto]) -> tuple[ShownColumn, ...]:
    by_name = {each.name: each for each in columns}
    return tuple(ShownColumn(column=by_name[name], is_chosen=name in chosen) for name in order)


def _moved(items: Sequence[_T], item: _T, by: int) -> list[_T]:
    place = items.index(item)
    rest = [each for each in items if each != item]
    there = min(max(place + by, 0), len(rest))
    return [*rest[:there], item, *rest[there:]]


def _file(value: object) -> FileOptions | None:
    try:
        return FileOptions.model_validate(value)
    except ValidationError:
        return None


def _preset(file: FileOptions | None, choices: ChoicesDto, presets: Sequence[FilePreset]) -> FilePreset | None:
    default = choices.formats[0].name if choices.formats else ""
    asked = file or FileOptions()
    found = preset_for((asked.format or default).lower(), asked.delimiter or choices.file.delimiter or ",", presets)
    return found or preset_for(default, choices.file.delimiter or ",", presets)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
