"""The chaos kit: it disturbs a job engine in every way it can, and checks that each export completes exactly once."""
