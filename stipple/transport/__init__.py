"""From a density to points of given masses: exact transport, its certificate, the best points."""
