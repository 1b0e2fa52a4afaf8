"""`stipple morph`."""
