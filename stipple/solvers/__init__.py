"""Solvers: arrays and densities in, frozen results out. No files, no printing."""
