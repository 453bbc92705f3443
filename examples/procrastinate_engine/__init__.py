"""Exports that run by Procrastinate: a job engine of your own, without one of the library's workers."""
