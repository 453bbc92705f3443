"""Tags for the templates of a host."""
