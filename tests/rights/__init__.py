"""Nobody learns more than their rights allow: random rules against a naive oracle in Python."""
