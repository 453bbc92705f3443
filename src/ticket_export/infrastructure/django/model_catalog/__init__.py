"""What a catalog reads of Django's models: paths, fields, joined lists, rows and the row rule."""
