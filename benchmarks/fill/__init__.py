"""Fills a help desk with very many sample tickets, fast. It stores the rows that `load_sample_data` stores."""
