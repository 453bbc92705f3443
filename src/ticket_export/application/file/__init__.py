"""The exported file: its name, its manifest and its download."""
