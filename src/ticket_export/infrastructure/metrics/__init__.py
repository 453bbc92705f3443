"""Metrics by OpenTelemetry: wrappers of what the container connects, so that no use case knows of them."""
