"""The messages of the library that users often see; a language translates them, also with values filled in.

English has texts for some of them too: the library's own are written for a log or a developer.
"""

from __future__ import annotations

from typing import Final

from ticket_export.entrypoints.web.pages.language import msgid

#: Messages without a value.
MESSAGES: Final = (
    # Why an export has no file.
    msgid("Cancelled"),
    msgid("The export failed."),
    msgid("The export was interrupted."),
    msgid("The export expired before it was finished."),
    msgid("The export was given up: its background task ended without it."),
    msgid("The export was ended, because the data of its requester is deleted."),
    msgid("The requester no longer has the permission to export tickets."),
    msgid("The view names a column that its requester may not see."),
    msgid("The tickets could not be read: their database was unavailable or busy."),
    msgid("The tickets could not be read from the database."),
    # What the rights refuse.
    msgid('exporting tickets needs the permission "Import / Export Tickets"'),
    msgid('downloading an export needs the permission "Import / Export Tickets"'),
    msgid('downloading an export needs an administrator with the permission "Import / Export Tickets"'),
    msgid("the file may have tickets or columns that you may not see; request the view yourself instead"),
    msgid("an export can be retried or cancelled only by the user who requested it"),
    msgid(
        "one export is queued or running for you already, which is the limit; wait until one has ended, or cancel one"
    ),
    # What else a page tells when a form is refused.
    msgid("The export has ended already."),
    msgid("The export is changing. Try again."),
    msgid("The storage does not answer."),
    msgid("The database does not answer."),
    msgid("This request does not come from a page of this site, or its page is too old. Load the page again."),
    # What is wrong with a view.
    msgid("columns: choose at least one column"),
    # The summaries of views.
    msgid("a view of another user"),
    msgid("a view that cannot be read"),
    msgid("a view of more than 2,000 characters"),
)

#: Messages with values.
PATTERNS: Final = (
    msgid("The export failed unexpectedly. The log has the cause under %(id)s."),
    msgid("The application is not configured correctly, so no file was made. The log has the cause under %(id)s."),
    msgid("The export was given up; attempts that ended without a heartbeat: %(attempts)s."),
    msgid("The export was given up; attempts that were lost: %(attempts)s. %(why)s"),
    msgid("%(written)s rows were written but %(counted)s were counted; the file was discarded"),
    msgid(
        "%(limit)s exports are queued or running for you already, which is the limit; "
        "wait until one has ended, or cancel one"
    ),
    msgid("searchTerm: none of the chosen columns can be searched; searchable are %(columns)s"),
    msgid("columns[%(place)s]: unknown column %(column)s"),
    msgid("timeZone: %(zone)s is not an IANA time zone; use a name such as Europe/Berlin"),
    msgid("export %(id)s was not found"),
)
