"""Certified W_k^k of weighted atoms: `edot`."""
