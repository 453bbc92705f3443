"""What the hosts and the clients agree on."""

from typing import Final

#: The header that names the user's e-mail address.
HEADER: Final = "x-desk-user"
#: Where each host mounts the exports.
ROOT: Final = "/exports"
#: Where each host returns what it noted.
SEEN: Final = "/seen"
#: The user of the measurements.
USER: Final = "admin@example.test"
