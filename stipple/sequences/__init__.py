"""The dyadic sequence, its certificate, and progressive stippling."""
