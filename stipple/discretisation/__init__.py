"""Weighted discretisation: what `stipple edot` does."""
