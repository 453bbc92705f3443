"""Errors of a driver that is not installed, or not set up, as configuration errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ticket_export.errors import ConfigurationError, MissingExtraError, TicketExportError


@contextmanager
def needs_extra(extra: str, needed_for: str) -> Iterator[None]:
    """Raise `MissingExtraError` for a driver that the block cannot import."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(extra, needed_for) from error


@contextmanager
def advised(advice: str) -> Iterator[None]:
    """Raise `ConfigurationError` with `advice` for an error of a driver that cannot use its own settings.

    The error of the driver may quote a password, so it is not the cause.
    """
    try:
        yield
    except TicketExportError:
        raise
    except Exception as error:  # noqa: BLE001 - drivers raise what they like
        raise ConfigurationError(f"the storage cannot be used: {advice} ({type(error).__name__})") from None
