"""Cameras: what is known of each, and how the other services learn of it."""
