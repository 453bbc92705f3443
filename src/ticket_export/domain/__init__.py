"""The export job and what surrounds it, with nothing but attrs and the standard library."""
