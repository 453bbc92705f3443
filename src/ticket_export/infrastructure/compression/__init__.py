"""The ways to pack files that a setting chooses from: one module each."""
