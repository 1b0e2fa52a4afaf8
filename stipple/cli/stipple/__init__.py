"""`stipple stipple`."""
