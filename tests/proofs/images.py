"""Certified W_p between images: `bound`."""
