"""Certified W2² of power cells: `stipple`, `lloyd`, `sequence --density`."""
