"""Lines that are drawn into a camera's frame, and who crossed them."""
