"""`stipple lloyd`."""
