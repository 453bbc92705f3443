"""What every page needs to know about the request that it answers."""

from __future__ import annotations

import attrs

from ticket_export.entrypoints.web.pages.language import Language


@attrs.frozen(kw_only=True)
class PageContext:
    """Where the pages are mounted, and how they speak to the user.

    `root` is the URL path of the mount without a slash at the end (`""` at the top). `csrf` is the name and the value
    of the hidden field by which the framework of the host recognizes its own forms.
    """

    root: str
    language: Language
    csrf: tuple[str, str] | None
