"""The paths from a model to what a catalog reads: ``title``, ``assignee__email``, ``tags__name``, ``custom__color``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs
from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import BaseExpression
from django.utils.text import capfirst

from ticket_export.application.safe_text import did_you_mean, quoted, require_storable
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.django.model_catalog.field_kinds import value_field

#: A field of a model, or the other end of a relation to it.
AnyField: TypeAlias = Any
Model: TypeAlias = type[models.Model]


@attrs.frozen(kw_only=True)
class Path:
    """A path as it was given, and its parts.

    `source` is the part that Django reads as a value of the database: all of it except the `keys` in a JSON document.
    `models` are those behind the relations; `is_many` says whether a ticket has any number of values. `field` is that
    of the model, or None for an annotation or a transform.
    """

    given: str
    source: str
    label: str
    models: tuple[Model, ...] = ()
    is_many: bool = False
    field: AnyField | None = None
    is_key: bool = False
    keys: tuple[str | int, ...] = ()


def read_path(model: Model, given: str, annotations: Mapping[str, BaseExpression]) -> Path:
    """Return the parts of a path that begins at `model`.

    Raises:
        ConfigurationError: there is no such field, annotation or transform, or the path ends at a relation.
    """
    parts = given.split(LOOKUP_SEP)
    # The name of an annotation may have two underscores itself.
    for size in range(len(parts), 0, -1):
        if (name := LOOKUP_SEP.join(parts[:size])) in annotations:
            return _from_annotation(model, given, name, annotations[name], parts[size:])
    return _from_field(model, given, parts, annotations)


def where(model: Model, path: str) -> str:
    """Return the place of a path for a message, such as ``desk.Ticket.assignee__email``."""
    return f"catalog_for: {model._meta.label}.{path}"


def _from_annotation(model: Model, given: str, name: str, annotation: BaseExpression, rest: list[str]) -> Path:
    field: AnyField = annotation.output_field
    label = _words(name, *rest)
    if rest and isinstance(field, models.JSONField):
        keys = _keys(model, given, rest)
        return Path(given=given, source=name, label=_label_of(keys), keys=keys)
    if rest and field.get_transform(rest[0]) is None:
        raise ConfigurationError(
            f"{where(model, given)}: the annotation {name!r} has no {quoted(rest[0])}; name the annotation alone"
        )
    return Path(given=given, source=given, label=label)


def _from_field(model: Model, given: str, parts: list[str], annotations: Iterable[str]) -> Path:
    at: Model | None = model
    field: AnyField = None
    behind: list[Model] = []
    names: list[str] = []
    is_many, read = False, 0
    for part in parts:
        if at is None:
            break
        field, end = _field(model, given, at, part, annotations if at is model else ())
        read += 1
        is_relation = end == field.name and field.is_relation
        if is_relation and field.related_model is None:
            raise ConfigurationError(
                f"{where(model, given)}: {part!r} is a relation to any model; annotate what it should show"
            )
        names.append(_verbose(field))
        at = field.related_model if is_relation else None
        if is_relation:
            behind += [*_through(field), field.related_model]
            is_many = is_many or bool(field.one_to_many or field.many_to_many)
        elif field.is_relation:
            # Such as assignee_id, the key itself.
            names.append(str(value_field(field).verbose_name))
    if at is not None:
        raise ConfigurationError(f"{where(model, given)}: {_beyond(field, given, at)}")
    rest = parts[read:]
    path = Path(
        given=given,
        source=LOOKUP_SEP.join([*parts[:read]]),
        label=capfirst(" ".join(names)),
        models=tuple(behind),
        is_many=is_many,
        field=field,
        is_key=bool(field.primary_key or field.is_relation),
    )
    if not rest:
        # Both names of the primary key are one path.
        return attrs.evolve(path, source=field.attname) if parts == ["pk"] else path
    target = value_field(field)
    if isinstance(target, models.JSONField):
        keys = _keys(model, given, rest)
        return attrs.evolve(path, label=_label_of(keys), keys=keys, field=None, is_key=False)
    if target.get_transform(rest[0]) is None:
        known = sorted(target.get_lookups())
        transforms = [name for name in known if target.get_transform(name) is not None]
        raise ConfigurationError(
            f"{where(model, given)}: {field.name!r} is a {type(field).__name__}, which has no {quoted(rest[0])}; "
            + (did_you_mean(rest[0], transforms) if transforms else "name the field alone")
        )
    label = capfirst(" ".join([*names, *map(_spaced, rest)]))
    return attrs.evolve(path, source=given, label=label, field=None, is_key=False)


def _field(model: Model, given: str, at: Model, part: str, annotations: Iterable[str]) -> tuple[AnyField, str]:
    options = at._meta
    fields: dict[str, AnyField] = dict(_named_fields(at))
    if part == "pk":
        return options.pk, str(options.pk.attname)
    if part not in fields:
        known = {*fields, *annotations}
        raise ConfigurationError(
            f"{where(model, given)}: {options.label} has no field {quoted(part)}; {did_you_mean(part, known)}"
        )
    return fields[part], part


def _named_fields(model: Model) -> Iterator[tuple[str, AnyField]]:
    for field in model._meta.get_fields():
        # A relation's other end without a name, as with related_name="+", cannot be in a path.
        if getattr(field, "hidden", False):
            continue
        yield field.name, field
        if hasattr(field, "attname") and field.attname is not None:
            yield field.attname, field


def _beyond(field: AnyField, given: str, at: Model) -> str:
    shown = next((each for each in ("name", "title", "label", "username") if each in dict(_named_fields(at))), None)
    key = at._meta.pk.name
    example = f"{given}{LOOKUP_SEP}{shown or key}"
    own = f", or {field.attname} for its key" if LOOKUP_SEP not in given and hasattr(field, "attname") else ""
    has_own = field.concrete and not field.many_to_many
    return f"a relation to {at._meta.label} has no value of its own; name a field of it, such as {example}" + (
        own if has_own else ""
    )


def _through(field: AnyField) -> list[Model]:
    relation = field if hasattr(field, "through") else field.remote_field
    through = getattr(relation, "through", None)
    return [] if through is None else [through]


def _verbose(field: AnyField) -> str:
    # The other end of a relation has no name of its own.
    if isinstance(field, models.ForeignObjectRel):
        return _spaced(field.name)
    return str(field.verbose_name)


def _spaced(name: str) -> str:
    return " ".join(name.replace("_", " ").split())


def _words(*parts: str) -> str:
    return str(capfirst(" ".join(map(_spaced, parts)))) or parts[-1]


def _label_of(keys: Sequence[str | int]) -> str:
    # A place in a list says nothing without the name of the list.
    named = [place for place, key in enumerate(keys) if isinstance(key, str)]
    return _words(*map(str, keys[named[-1] if named else 0 :]))


_INTEGER_KEY_LIMIT: Final = 2**31


def _keys(model: Model, given: str, keys: list[str]) -> tuple[str | int, ...]:
    try:
        for key in keys:
            require_storable(key)
    except ValueError as error:
        raise ConfigurationError(f"{where(model, given)}: a key {error}") from error
    return tuple(map(_key, keys))


def _key(key: str) -> str | int:
    # As Django does: https://docs.djangoproject.com/en/5.2/topics/db/queries/#key-index-and-path-transforms
    try:
        number = int(key)
    except ValueError:
        return key
    return number if abs(number) < _INTEGER_KEY_LIMIT else key
