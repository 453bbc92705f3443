"""A Flask help desk. Serve `app` with gunicorn."""

from flask import Flask, Response, jsonify, request

from benchmarks.web import desk, paths
from ticket_export import Actor
from ticket_export.web.flask import exports_blueprint

app = Flask(__name__)


def current_actor() -> Actor | None:
    return desk.actor_named(request.headers.get(paths.HEADER))


app.register_blueprint(exports_blueprint(desk.container, current_actor=current_actor), url_prefix=paths.ROOT)


@app.get(paths.SEEN)
def seen() -> Response:
    return jsonify(desk.seen.taken())
