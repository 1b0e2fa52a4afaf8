"""How well anybody's points stand for a density: distances, spacing and spectrum."""
