"""`stipple bound`."""
