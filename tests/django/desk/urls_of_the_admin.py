"""The addresses of a help desk that does not mount the pages of exports."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
