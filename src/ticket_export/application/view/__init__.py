"""The view: what a user asks for, checked against the columns that there are."""
