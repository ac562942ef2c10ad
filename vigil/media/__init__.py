"""FFmpeg, by PyAV: what every service that touches packets shares. Needs the extra ``media``.

All but ``bounds``, which is for whoever takes pictures, and ``text``, for whoever writes on them.
"""
