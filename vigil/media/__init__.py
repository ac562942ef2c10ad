"""FFmpeg, by PyAV: what every service that touches packets shares. Needs the extra ``media``."""
