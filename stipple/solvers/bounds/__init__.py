"""Certified bounds on the Wasserstein distance between two images of the same shape."""
