"""For ``include("ticket_export.django.urls")``."""

from ticket_export.entrypoints.django.urls import app_name, urlpatterns

__all__ = ["app_name", "urlpatterns"]
