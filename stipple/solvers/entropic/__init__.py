"""Entropic optimal transport: Sinkhorn, its objectives and gradients, discretisation by them."""
