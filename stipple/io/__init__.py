"""Reading and writing of files. Knows results, not solvers."""
