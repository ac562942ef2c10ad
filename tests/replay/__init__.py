"""Footage in files, replayed."""
