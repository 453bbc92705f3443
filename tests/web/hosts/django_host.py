"""A Django help desk in one file. Serve `app` with gunicorn, or `asynchronous_app` with uvicorn."""

from os import environ

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path

from tests.web.hosts import desk
from ticket_export import Actor
from ticket_export.web.django import exports_urls

_GZIP = ["django.middleware.gzip.GZipMiddleware"] if "DESK_GZIP" in environ else []
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of the tests",
    MIDDLEWARE=[*_GZIP, "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
)
django.setup()


def current_actor(request: HttpRequest) -> Actor | HttpResponse | None:
    name = request.headers.get(desk.HEADER) or request.COOKIES.get(desk.COOKIE)
    return HttpResponseRedirect(desk.LOGIN) if name == desk.SIGNED_OUT else desk.actor_named(name)


def list_tickets(request: HttpRequest) -> HttpResponse:
    return HttpResponse(desk.list_page())


def login(request: HttpRequest) -> HttpResponse:
    return HttpResponse(desk.LOGIN_PAGE)


exports = exports_urls(
    desk.container,
    current_actor=current_actor,
    language=desk.LANGUAGE,
    languages=desk.LANGUAGES,
    templates=desk.TEMPLATES,
)
urlpatterns = [
    path(f"{desk.ROOT.strip('/')}/", include(exports)),
    path("tickets", list_tickets),
    path(desk.LOGIN.strip("/"), login),
]
app = get_wsgi_application()
asynchronous_app = get_asgi_application()
