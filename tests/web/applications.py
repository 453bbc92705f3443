"""The three bindings in this process, each in an application of its own, over a container of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.test import override_settings
from django.urls import include, path
from fastapi import FastAPI, Request
from flask import Flask, request

from tests.django.in_process import set_up_django
from tests.web.clients import Answer, AsgiClient, Client, WsgiClient
from tests.web.hosts.desk import HEADER
from ticket_export import Actor, TicketExportContainer
from ticket_export.web.django import exports_urls
from ticket_export.web.fastapi import exports_router
from ticket_export.web.flask import exports_blueprint

#: The bindings; Django's by WSGI and by ASGI.
BINDINGS: Final = ("fastapi", "flask", "django", "django-asgi")
#: What `DjangoClient` sets unless the test says otherwise.
DJANGO: Final[Mapping[str, Any]] = {"ALLOWED_HOSTS": ["*"], "MIDDLEWARE": []}

FindActor = Callable[[str | None], Actor | None]

set_up_django()


class DjangoClient(Client):
    """Calls Django with settings of its own. Of all clients, one must be used at a time."""

    def __init__(self, urls: Sequence[object], *, is_asynchronous: bool = False, **given: object) -> None:
        self.settings = {**DJANGO, "ROOT_URLCONF": tuple(urls), **given}
        self.is_asynchronous = is_asynchronous
        self.script_name = ""

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> Answer:
        with self.application() as application:
            client = AsgiClient if self.is_asynchronous else WsgiClient
            return client(application, self.script_name).send(method, target, headers, body)

    @contextmanager
    def application(self) -> Iterator[Callable[..., Any]]:
        with override_settings(**self.settings):
            yield ASGIHandler() if self.is_asynchronous else WSGIHandler()


def client_of(binding: str, container: TicketExportContainer, find_actor: FindActor, **options: Any) -> Client:
    """A client of an application that mounts the exports at ``/exports``; `options` are those of the binding."""
    return {
        "fastapi": fastapi_client,
        "flask": flask_client,
        "django": django_client,
        "django-asgi": django_asgi_client,
    }[binding](container, find_actor, **options)


def fastapi_client(container: TicketExportContainer, find_actor: FindActor, **options: Any) -> Client:
    def current_actor(request: Request) -> Actor | None:
        return find_actor(request.headers.get(HEADER))

    app = FastAPI()
    app.include_router(exports_router(container, **{"current_actor": current_actor} | options), prefix="/exports")
    return AsgiClient(app)


def flask_client(container: TicketExportContainer, find_actor: FindActor, **options: Any) -> Client:
    def current_actor() -> Actor | None:
        return find_actor(request.headers.get(HEADER))

    app = Flask(__name__)
    app.config["SECRET_KEY"] = "of the tests"
    app.register_blueprint(
        exports_blueprint(container, **{"current_actor": current_actor} | options), url_prefix="/exports"
    )
    return WsgiClient(app)


def django_client(
    container: TicketExportContainer, find_actor: FindActor, *, is_asynchronous: bool = False, **options: Any
) -> DjangoClient:
    def current_actor(request: HttpRequest) -> Actor | None:
        return find_actor(request.headers.get(HEADER))

    exports = exports_urls(container, **{"current_actor": current_actor} | options)
    return DjangoClient([path("exports/", include(exports))], is_asynchronous=is_asynchronous)


def django_asgi_client(container: TicketExportContainer, find_actor: FindActor, **options: Any) -> DjangoClient:
    return django_client(container, find_actor, is_asynchronous=True, **options)
