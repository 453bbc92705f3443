"""Files on a local file system."""
