"""The certificates of `sequence`."""
