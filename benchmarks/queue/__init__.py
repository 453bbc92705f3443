"""Measures what a queued export costs besides its rows, and how soon an idle worker takes one up."""
