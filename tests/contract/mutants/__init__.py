"""A faithful storage, and storages that break one promise each."""
