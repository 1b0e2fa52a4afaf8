"""What is given: pictures and their tone, densities, formulas, samples."""
