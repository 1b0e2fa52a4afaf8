"""Power cells and their integrals, boxes, neighbours, distances, tours."""
