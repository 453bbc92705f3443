"""One run of an export: claim, heartbeat, pipeline, end."""
