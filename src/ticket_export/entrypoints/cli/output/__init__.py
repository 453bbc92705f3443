"""Output of the commands: lines, tables, progress, and the exported file."""
