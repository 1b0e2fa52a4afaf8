"""`stipple volume`."""
