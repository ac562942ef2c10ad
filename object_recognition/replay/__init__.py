"""Footage in files, looked at as the recognition workers look at a camera."""
