"""Privacy masks: what is painted over in every picture of a camera."""
