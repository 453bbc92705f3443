"""Measures the export against what people use instead, in one run and as ratios."""
