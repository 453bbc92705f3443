"""The fields of Django that a catalog supports: the type of SQLAlchemy and the kind of column for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.choices import CallableChoiceIterator, flatten_choices
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Double, Numeric, Text, Time, Uuid
from sqlalchemy.types import TypeEngine

from ticket_export.application.number_text import decimal_text, float_text
from ticket_export.errors import ConfigurationError
from ticket_export.infrastructure.tickets.catalog import Choices, ChoicesNow

# The first match counts: some fields are subclasses of others.
_TYPES: Final[tuple[tuple[type[Any], TypeEngine[Any]], ...]] = (
    (models.BooleanField, Boolean()),
    (models.FloatField, Double()),
    (models.IntegerField, BigInteger()),
    (models.DateTimeField, DateTime()),
    (models.DateField, Date()),
    (models.TimeField, Time()),
    (models.UUIDField, Uuid()),
    (models.GenericIPAddressField, Text()),
    (models.CharField, Text()),
    (models.TextField, Text()),
    (models.FileField, Text()),
    (models.FilePathField, Text()),
)
# By name, since those of PostgreSQL are imported only where they are used.
_ADVICE: Final[Mapping[str, str]] = {
    "DurationField": "annotate its seconds or days as a number",
    "BinaryField": "a file of text has no cell for bytes; leave it out",
    "JSONField": "name a key of the document, such as {path}__color",
    "ArrayField": (
        "name an element, such as {path}__0, or annotate "
        "Func(F('{path}'), Value(', '), function='array_to_string', output_field=TextField())"
    ),
    "HStoreField": "name a key, such as {path}__color",
    "RangeField": "name its ends, {path}__startswith and {path}__endswith",
    "CompositePrimaryKey": "name its fields",
}
_OTHERS: Final = (
    "annotate an expression whose output_field is a number, text, boolean, date, time or UUID, and name the annotation"
)


def value_field(field: Any) -> Any:
    """Return the field that has the value: that of a foreign key is the key, that of a generated field its output."""
    while True:
        if isinstance(field, models.GeneratedField):
            field = field.output_field
        elif getattr(field, "is_relation", False):
            try:
                field = field.target_field
            except (AttributeError, FieldDoesNotExist):
                return field
        else:
            return field


def type_of(field: Any, path: str, named: str, *, vendor: str) -> TypeEngine[Any]:
    """Return the type of the values of `field`, as the database `vendor` stores them.

    `named` is the place of `path` in a message.

    Raises:
        ConfigurationError: the catalog does not support the field.
    """
    kind = type(field).__name__
    # What such a method returns, no database can filter or sort by.
    if hasattr(field, "from_db_value") and not isinstance(field, models.JSONField):
        raise ConfigurationError(
            f"{named}: {kind} converts its values in Python (from_db_value), where the database cannot show them; "
            + _OTHERS
        )
    if isinstance(field, models.DecimalField):
        # An expression may have any number of decimals.
        return Numeric(field.max_digits, field.decimal_places)
    for each, type_ in _TYPES:
        if isinstance(field, each):
            return DateTime(timezone=True) if each is models.DateTimeField and vendor == "postgresql" else type_
    names = [each.__name__ for each in type(field).__mro__]
    advice = next((_ADVICE[name] for name in names if name in _ADVICE), _OTHERS)
    raise ConfigurationError(f"{named}: {kind} is not supported; {advice.format(path=path)}")


def choices_of(field: Any) -> Choices | ChoicesNow | None:
    """Return Django's choices of a field, in its order and with its labels; None if it has none.

    Groups are flattened. Choices of a function are asked for at each export, as Django does for each form.
    """
    given = getattr(field, "choices", None)
    if given is None or isinstance(field, (models.DateTimeField, models.TimeField)):
        return None
    if isinstance(given, CallableChoiceIterator):
        return lambda: _labels(field)
    return _labels(field) or None


def _labels(field: Any) -> dict[str, str]:
    flat: Iterable[tuple[Any, Any]] = flatten_choices(field.choices)
    # None and "" are Django's label of an empty field; an empty cell stays empty.
    return {_text(field, value): str(label) for value, label in flat if value not in (None, "")}


def _text(field: Any, value: Any) -> str:
    """The text of a value, as a text column shows it."""
    if isinstance(field, models.BooleanField):
        return "true" if value else "false"
    if isinstance(field, models.DecimalField):
        return decimal_text(Decimal(value), field.decimal_places or 0)
    if isinstance(field, models.FloatField):
        return float_text(float(value))
    # The value of a member of an enumeration, not its name.
    return str(getattr(value, "value", value))
