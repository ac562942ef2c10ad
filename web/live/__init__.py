"""The stream path: one Redis read and one buffer a camera, whatever the number of viewers."""
