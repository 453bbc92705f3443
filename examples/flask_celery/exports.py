"""The exports in Celery. Serve `flask_celery.exports:app`, and run Celery with `flask_celery.exports`."""

# --- ticket-export: begin
from flask_celery.help_desk import celery
from flask_integer_users.exports import container
from flask_integer_users.help_desk import app
from ticket_export.celery import install

install(celery, container)
# --- ticket-export: end

__all__ = ["app", "celery"]
