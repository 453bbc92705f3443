"""The addresses of the help desk."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

from django_help_desk import views

# --- pages, API and button: begin
from django_help_desk.exports import container, current_actor
from ticket_export.web.django import exports_urls

# --- pages, API and button: end
urlpatterns = [
    path("accounts/login/", LoginView.as_view(template_name="login.html")),
    path("tickets", views.list_tickets),
    # --- pages, API and button: begin
    path("exports/", include(exports_urls(container, current_actor=current_actor))),
    # --- pages, API and button: end
]
