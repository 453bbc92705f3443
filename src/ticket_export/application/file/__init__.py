"""The exported file: its name, its manifest, and how it is downloaded."""
