"""Users of every kind, for ``AUTH_USER_MODEL``."""
