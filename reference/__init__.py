"""The slow, obvious, double-precision version of everything in the core. For tests only."""
