"""Points from images and densities by optimal transport, with certificates."""

__version__ = "0.1.0"
