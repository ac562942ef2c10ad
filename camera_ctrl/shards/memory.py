"""What the C library keeps of what was freed."""

import ctypes

#: Of mallopt(3).
_M_MMAP_THRESHOLD = -3
#: glibc's own default, which it would raise to the largest piece ever freed: a whole frame.
_THRESHOLD_BYTES = 128 * 1024


def return_freed_pieces() -> None:
    """Let large pieces go back to the system when they are freed.

    FFmpeg decodes a few frames of each camera to learn what it sends. Freed, they left holes in
    the heap that nothing fits: 10 to 40 MB with eight cameras. C libraries other than glibc have
    nothing to be told.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
