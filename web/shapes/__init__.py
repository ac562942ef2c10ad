"""Boxes and polygons in pixels of a camera's frame: what rectangles and masks have in common."""
