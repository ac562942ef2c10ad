"""Footage that users delete before its time: asked first, confirmed, then done by recorders."""
