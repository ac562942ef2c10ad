"""Video that MP4 does not take as it is: pictures are encoded to H.264, in a process a camera."""
