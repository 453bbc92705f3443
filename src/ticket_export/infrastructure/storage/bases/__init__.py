"""What storages have in common, for the library's own and for those of plugins."""
