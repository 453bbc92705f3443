"""What the library logs while a command runs: shown with ``--debug``, kept quiet without."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.entrypoints.cli.session import Session


@contextmanager
def library_log(session: Session) -> Iterator[None]:
    """Keep the library's log off standard error, where a failure is told in one line already.

    A host's container may have set up logging of its own, which goes on as it is.
    """
    handler = logging.StreamHandler()
    handler.addFilter(lambda _record: session.debug)
    log = logging.getLogger("ticket_export")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
