"""Where files are kept: one module a kind of storage, and the rules that all share."""
