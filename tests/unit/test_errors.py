"""The tree that errors.py draws is the tree that there is."""

from __future__ import annotations

import builtins
import inspect
import pickle
import re
from uuid import UUID, uuid4

import pytest

from ticket_export import errors
from ticket_export.errors import (
    ExportNotFoundError,
    InvalidPayloadError,
    MissingExtraError,
    ObjectNotFoundError,
    RowCountMismatchError,
    TicketExportError,
    UnknownDeveloperNameError,
)

# A branch of lines, the name, the builtin in brackets, and what it means.
_LINE = re.compile(r"^    (?P<branch>[ │├└─]*)(?P<name>[A-Z]\w+)(?: +\((?P<builtin>\w+)\))?(?:  .*)?$", re.MULTILINE)
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and value.__module__ == errors.__name__
}


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Each drawn class with the parent it hangs from and the builtin in brackets."""
    tree: dict[str, tuple[str, str | None]] = {}
    path: list[str] = []
    for line in _LINE.finditer(errors.__doc__ or ""):
        depth = len(line["branch"]) // 4
        path = [*path[:depth], line["name"]]
        tree[line["name"]] = (path[-2] if depth else "Exception", line["builtin"])
    return tree


def real_tree() -> dict[str, tuple[str, str | None]]:
    tree: dict[str, tuple[str, str | None]] = {}
    for name, cls in CLASSES.items():
        parent, *others = [base.__name__ for base in cls.__bases__]
        tree[name] = (parent, others[0] if others else None)
    return tree


def test_the_drawing_is_the_tree() -> None:
    assert drawn_tree() == real_tree()


def test_every_error_is_public_and_the_list_is_sorted() -> None:
    assert errors.__all__ == sorted(CLASSES)


def test_everything_hangs_from_the_one_root() -> None:
    assert all(issubclass(cls, TicketExportError) for cls in CLASSES.values())
    assert len(CLASSES) > 20


@pytest.mark.parametrize(("name", "builtin"), [(name, drawn) for name, (_, drawn) in drawn_tree().items() if drawn])
def test_error_is_also_the_builtin_that_it_resembles(name: str, builtin: str) -> None:
    assert issubclass(CLASSES[name], getattr(builtins, builtin))


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_says_what_it_means(name: str) -> None:
    assert CLASSES[name].__doc__


def test_an_invalid_payload_lists_its_problems() -> None:
    assert InvalidPayloadError(["a: x"]).problems == ("a: x",)
    assert str(InvalidPayloadError(["a: x"])) == "the view has a problem: a: x"
    assert str(InvalidPayloadError(["a: x", "b: y"])) == "the view has 2 problems: a: x; b: y"


def test_an_unknown_developer_name_is_told_with_the_known_ones() -> None:
    error = UnknownDeveloperNameError("status", "gone\n", ["queued", "failed"])
    assert (str(error), error.developer_name) == ("unknown status 'gone\\n'; known are: queued, failed", "gone\n")


def test_a_missing_export_is_named_by_its_id() -> None:
    job_id = uuid4()
    error = ExportNotFoundError(job_id)
    assert (str(error), error.job_id) == (f"export {job_id} was not found", job_id)


def test_a_row_count_mismatch_gives_both_counts() -> None:
    error = RowCountMismatchError(counted=5, written=4)
    assert (error.counted, error.written) == (5, 4)
    assert str(error) == "4 rows were written but 5 were counted; the file was discarded"


def test_a_missing_extra_says_what_to_install() -> None:
    error = MissingExtraError("s3", "storage on S3")
    assert error.extra == "s3"
    assert str(error) == "storage on S3 needs an optional dependency: pip install 'ticket-export[s3]'"


def test_a_storage_error_shows_its_message_as_it_is() -> None:
    assert str(ObjectNotFoundError("no object under exports/1")) == "no object under exports/1"


@pytest.mark.parametrize(
    "error",
    [
        errors.UnknownDeveloperNameError("status", "x", ["queued"]),
        errors.InvalidPayloadError(["columns: choose at least one column", "timeZone: is none"]),
        errors.ExportNotFoundError(UUID(int=1)),
        errors.RowCountMismatchError(counted=2, written=1),
        errors.MissingExtraError("s3", "S3"),
        errors.StorageError("the file could not be written"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_to_another_process(error: errors.TicketExportError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
