"""What the holder of a camera's lease says about it."""
