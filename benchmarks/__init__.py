"""Measures the export and its alternatives in one run, and compares them as ratios."""
