"""One run of an export: claim, heartbeat, pipeline and end."""
