"""The view: what a user requests, checked against the columns of the ticket source."""
