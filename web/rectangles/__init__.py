"""Where a camera looks: rectangles and polygons in pixels of the full frame."""
