"""The compressions that a setting chooses from, one module each."""
