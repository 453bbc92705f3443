"""Several processes, poolers and networks between the library and its database."""
