"""The application of the help desk."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "benchmarks.django"
    label = "desk"
