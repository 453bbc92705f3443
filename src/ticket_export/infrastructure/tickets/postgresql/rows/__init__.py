"""How PostgreSQL writes the rows of a format: for each format a SELECT, and what becomes of the output of its COPY."""
