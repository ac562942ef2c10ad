"""Exports that are asked for, and those that nobody wants any more."""
