"""How often a call to Azure is made, and by which name. Only the storage of Azure imports this."""

from __future__ import annotations

from time import monotonic
from typing import Any, Final
from uuid import uuid4

from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import LinearRetry

_NAME: Final = "client_request_id"


class AzurePatience(LinearRetry):
    """Makes a call again, after pauses of up to 3 s, until its time is over.

    Every try gets a name here, which Azure writes to its log. Azure's library would ask `uuid.uuid1` for it, and with
    it libuuid opens ``/var/lib/libuuid/clock.txt``, where it may, once in every thread, and never closes it. The calls
    of an upload have threads of their own, so after some hundreds the process could open no file any more.
    """

    def configure_retries(self, request: Any) -> dict[str, Any]:
        """See `LinearRetry.configure_retries`."""
        request.context.options[_NAME] = str(uuid4())
        return {**super().configure_retries(request), "options": request.context.options}

    def increment(self, settings: Any, request: Any, response: Any = None, error: Any = None) -> bool:
        """See `LinearRetry.increment`. The time begins with the first try that fails."""
        settings["options"][_NAME] = str(uuid4())
        # All that is sent again are bytes, so nothing has to be rewound.
        end = settings.setdefault("end", monotonic() + self.total_retries)
        return monotonic() < end and not isinstance(error, ClientAuthenticationError)
