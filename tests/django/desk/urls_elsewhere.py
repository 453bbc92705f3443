"""The addresses of a help desk that mounts the pages of exports below another prefix."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("back/office/", admin.site.urls), path("reports/files/", include("ticket_export.django.urls"))]
