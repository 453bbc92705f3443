"""Ticket sources on SQLAlchemy, and the catalog by which a host describes its tickets."""
