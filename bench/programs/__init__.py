"""Processes that benchmarks start: load that does not count, and what ours is compared with."""
