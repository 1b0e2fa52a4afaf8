"""Entropic transport: objectives, kernels, descent, divide and conquer."""
