"""Volumes as points: optimal transport in space."""
