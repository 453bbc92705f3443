"""How Sphinx builds the documentation: `make docs`. It needs no network."""

from __future__ import annotations

import enum
import importlib
import importlib.metadata
import inspect
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sphinx.util.typing import stringify_annotation

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "ticket-export"
author = "ticket-export contributors"
release = importlib.metadata.version("ticket-export")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "ticket-export"
html_show_sphinx = False
exclude_patterns = ["_build"]

myst_heading_anchors = 4

# Single backticks in a docstring hold a name: a link if the reference documents it, else code.
default_role = "py:obj"
add_module_names = False
maximum_signature_line_length = 100
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False

nitpick_ignore_regex = [
    ("py:obj", ".*"),
    # Other packages, and private modules.
    ("py:.*", r"(?!ticket_export\.).*"),
    ("py:.*", r"ticket_export\.(application|container|domain|entrypoints|infrastructure|settings)\..*"),
    ("py:.*", r"ticket_export\.testing\.(?!memory)\w+\..*"),
]

#: The public modules. A name that several of them export is documented on the page of the first.
PUBLIC_MODULES = (
    "ticket_export.errors",
    "ticket_export",
    "ticket_export.catalog",
    "ticket_export.ports",
    "ticket_export.storage",
    "ticket_export.testing",
    "ticket_export.testing.memory",
    "ticket_export.web.django",
    "ticket_export.web.fastapi",
    "ticket_export.web.flask",
)


def names_of(module: str) -> list[str]:
    """Return what a public module exports, and load it all."""
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", None) or [
        name for name, value in vars(loaded).items() if getattr(value, "__module__", "") == module
    ]
    # autodoc looks only at names that a lazy module has loaded.
    vars(loaded).update({name: getattr(loaded, name) for name in names})
    return names


#: The page of each public name.
HOMES = {name: module for module in reversed(PUBLIC_MODULES) for name in names_of(module)}


#: Private classes that `TicketExportContainer` returns; reference/api/use-cases.md documents them.
USE_CASES = "ticket_export.application.use_cases."


def choose_member(app: Sphinx, what: str, name: str, value: object, skip: bool, options: Any) -> bool | None:
    """Leave out a name that another page documents, and show every value of an enumeration."""
    if what == "module":
        is_use_case = getattr(value, "__module__", "").startswith(USE_CASES)
        return True if is_use_case or HOMES.get(name) != app.env.current_document.autodoc_module else None
    if name == "model_config":
        return True
    return False if isinstance(value, enum.Enum) and not name.startswith("_") else None


# How attrs and pydantic say that a function makes the default.
_NO_DEFAULTS = {"_Nothing.NOTHING", "PydanticUndefined"}


class ShownDefault:
    """A default value as a signature shows it: a long one as an ellipsis, a function by its name."""

    def __init__(self, value: object) -> None:
        text = f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)
        name = getattr(value, "__name__", "...").replace("<lambda>", "...")
        self.text = name if len(text) > 40 or text.startswith("<") or text in _NO_DEFAULTS else text

    def __repr__(self) -> str:
        return self.text


def shorten_defaults(app: Sphinx, function: Any, bound_method: bool) -> None:
    """Replace the defaults in the signature of a function."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    if not inspect.isfunction(function):
        return
    signature = inspect.signature(function)
    function.__signature__ = signature.replace(
        parameters=[
            each if each.default is each.empty else each.replace(default=ShownDefault(each.default))
            for each in signature.parameters.values()
        ]
    )


def fields_of(model: type[BaseModel]) -> str:
    """Return the fields of a pydantic model as the text of a signature."""
    types = typing.get_type_hints(model)
    fields = [
        f"{name}: {stringify_annotation(types[name], 'smart')}"
        + ("" if field.is_required() else f" = {ShownDefault(field.default)}")
        for name, field in model.model_fields.items()
    ]
    return f"(*, {', '.join(fields)})"


def choose_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, arguments: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Hide the arguments of protocols, enumerations and use cases, which nobody passes; list the fields of models."""
    if not isinstance(value, type):
        return arguments, returns
    if issubclass(value, enum.Enum) or getattr(value, "_is_protocol", False) or name.startswith(USE_CASES):
        return "", None
    return (fields_of(value) if issubclass(value, BaseModel) else arguments), returns


def complete_docstring(app: Sphinx, what: str, name: str, value: object, options: Any, lines: list[str]) -> None:
    """Add links to the names that another page documents; keep napoleon from reading `text: more` as a type."""
    if what in {"attribute", "data", "property"}:
        lines.insert(0, "")
    if what == "module" and name in PUBLIC_MODULES:
        elsewhere = [f":py:obj:`{each} <{HOMES[each]}.{each}>`" for each in names_of(name) if HOMES[each] != name]
        if elsewhere:
            lines += ["", f"This module also exports {', '.join(elsewhere)}.", ""]


def setup(app: Sphinx) -> None:
    """Connect the functions above to the events of autodoc."""
    app.connect("autodoc-skip-member", choose_member)
    app.connect("autodoc-before-process-signature", shorten_defaults)
    app.connect("autodoc-process-signature", choose_signature)
    # Before napoleon, whose handler has the priority 500.
    app.connect("autodoc-process-docstring", complete_docstring, priority=400)
