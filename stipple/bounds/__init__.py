"""Certified intervals for the Wasserstein distance between two images."""
