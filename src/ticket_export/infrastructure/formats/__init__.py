"""The formats that are installed, and what they need beyond Python."""
