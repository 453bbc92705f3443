"""The adapters of the ports: what knows databases, files and queues."""
