"""Footage that stays whatever the limits are: who wants it, why, and until when."""
