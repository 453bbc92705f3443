"""An ability of any adapter: it knows what is wrong with its own setup."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding


@runtime_checkable
class SupportsCheck(Protocol):
    """An adapter that can be asked, before its first use, what is wrong with its setup."""

    @abstractmethod
    def problems(self, actors: Sequence[Actor]) -> Iterable[Finding]:
        """Return what is wrong, and what to do; nothing if all is well.

        It reads only, within a few seconds. An error that it raises becomes a finding too. `actors` are a few users of
        the host who may export, for an adapter with rules by user; there may be none.
        """
