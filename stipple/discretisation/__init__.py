"""Weighted discretisation: what `stipple edot` does, on top of the solvers."""
