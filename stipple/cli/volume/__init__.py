"""`stipple sequence`."""
