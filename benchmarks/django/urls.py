"""No addresses: nothing here is reached over HTTP."""

from __future__ import annotations

urlpatterns: list[object] = []
