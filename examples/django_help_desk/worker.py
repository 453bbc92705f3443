"""The container for commands such as `ticket-export --app django_help_desk.worker:container worker`."""

# --- ticket-export: begin
import django

django.setup()  # in a server, Django does this itself

from django_help_desk.exports import container  # noqa: E402

# --- ticket-export: end
__all__ = ["container"]
