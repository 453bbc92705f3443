"""The help desk's project, served with the style sheets of the admin, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.django.project import DeskProject
from tests.web.browser.browsers import watched_context

PASSWORD = "a long word of the tests"
_ROOT = Path(__file__).parents[3]
_SERVE = """
import django; django.setup()
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
class Server(ThreadingMixIn, WSGIServer): daemon_threads = True
class Quiet(WSGIRequestHandler):
    def log_message(self, *_): pass
server = make_server("127.0.0.1", 0, StaticFilesHandler(get_wsgi_application()), Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def served(project: DeskProject) -> Iterator[str]:
    """Serve the project, and yield its address."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], env=project.environment, cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout
            port = server.stdout.readline().strip()
            assert port, "the server did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


@contextmanager
def signed_in(browser: Browser, url: str, name: str, **options: object) -> Iterator[Page]:
    """Open the admin in a profile of its own, signed in by the admin's form."""
    with watched_context(browser, **{"viewport": {"width": 1280, "height": 900}, **options}) as context:
        page = context.new_page()
        page.goto(f"{url}/admin/")
        page.locator("#id_username").fill(name)
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{url}/admin/")
        yield page
