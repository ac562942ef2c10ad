"""Benchmarks that regenerate every figure we publish."""
