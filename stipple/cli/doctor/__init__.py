"""`stipple doctor`."""
