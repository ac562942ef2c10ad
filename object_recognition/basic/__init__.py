"""The recogniser that needs no model file: people among what moves before a static camera."""
