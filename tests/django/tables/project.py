"""The help desk's project with other settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from tests.django.project import DeskProject


@attrs.frozen
class SetProject(DeskProject):
    """The project with these settings in place of its own."""

    settings: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        own = {"DJANGO_SETTINGS_MODULE": "tests.django.tables.settings", "DESK_SETTINGS": json.dumps(self.settings)}
        return {**super().environment, **own}


def with_settings(project: DeskProject, **settings: Any) -> SetProject:
    """Return the same project with these settings."""
    return SetProject(project.folder, project.database, project.options, settings=settings)
