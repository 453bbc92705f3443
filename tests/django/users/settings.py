"""The settings of the help desk with another model of users."""

import os

from tests.django.settings import *  # noqa: F403 - as settings do

DESK_USERS = os.environ["DESK_USERS"]
AUTH_USER_MODEL = "users.User"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "tests.django.users", "ticket_export.django"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
TICKET_EXPORT_APP = "tests.django.users.exports:container"
ROOT_URLCONF = "ticket_export.django.urls"
