"""The checks that need nothing but the ports."""
