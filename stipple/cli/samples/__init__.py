"""`stipple samples`: pictures to try things with."""
