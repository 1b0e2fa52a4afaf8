"""How it is computed: compiled loops, threads, rounding, memory, KeOps."""
