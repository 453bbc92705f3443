"""How Sphinx builds the documentation: `make docs`. It needs no network."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "ticket-export"
author = "ticket-export contributors"
release = version("ticket-export")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "ticket-export"
html_show_sphinx = False
exclude_patterns = ["_build"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

# Single backticks in a docstring hold a name: a link if the reference documents it, else code.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
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


def skip_repeated(app: Sphinx, what: str, name: str, value: object, skip: bool, options: Any) -> bool | None:
    """Leave out a name that another page documents."""
    module = app.env.current_document.autodoc_module
    return True if what == "module" and HOMES.get(name, module) != module else None


def link_repeated(app: Sphinx, what: str, name: str, value: object, options: Any, lines: list[str]) -> None:
    """Add links to the names that another page documents."""
    if what == "module" and name in PUBLIC_MODULES:
        elsewhere = [f":py:obj:`{each} <{HOMES[each]}.{each}>`" for each in names_of(name) if HOMES[each] != name]
        if elsewhere:
            lines += ["", f"This module also exports {', '.join(elsewhere)}.", ""]


def setup(app: Sphinx) -> None:
    """Connect the functions above to the events of autodoc."""
    app.connect("autodoc-skip-member", skip_repeated)
    app.connect("autodoc-process-docstring", link_repeated)
