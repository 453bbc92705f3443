"""Tickets by COPY from PostgreSQL."""
