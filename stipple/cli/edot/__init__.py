"""`stipple edot`."""
