"""`stipple certify`."""
