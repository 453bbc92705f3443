"""The storages of files: a package for each kind, and the rules that all share."""
