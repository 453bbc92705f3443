"""The export job and what surrounds it, built on attrs and the standard library only."""
