"""The adapters of the ports: databases, files and queues."""
