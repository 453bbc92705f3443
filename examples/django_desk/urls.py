"""The addresses of the help desk."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

from django_desk import views

urlpatterns = [
    path("accounts/login/", LoginView.as_view(template_name="login.html")),
    path("admin/", admin.site.urls),
    path("tickets", views.list_tickets),
]
# --- pages, API and button: begin
urlpatterns += [path("exports/", include("ticket_export.django.urls"))]
# --- pages, API and button: end
