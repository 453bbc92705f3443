"""Measures the cost of a queued export without its rows, and the time until an idle worker starts one."""
