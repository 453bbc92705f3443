"""The application: use cases, their ports, and the models of their arguments and results."""
