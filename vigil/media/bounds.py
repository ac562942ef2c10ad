"""How small and how large a picture may be, for all who take one from outside."""

from vigil.errors import FrameInvalid

#: A picture this small shows nothing, and encoders stumble over it.
MIN_SIDE_PX = 16
#: What libjpeg can hold.
MAX_SIDE_PX = 65_500
#: Twice an 8k camera. A picture takes 1.5 bytes a pixel decoded, and several are held at a time.
MAX_PIXELS = 8192 * 8192


def require_size(width_px: int, height_px: int) -> None:
    """Refuse a picture that is out of bounds.

    Raises:
        FrameInvalid: It is; the message tells its size, and which would do.
    """
    short_px, long_px = sorted((width_px, height_px))
    if short_px < MIN_SIDE_PX or long_px > MAX_SIDE_PX or short_px * long_px > MAX_PIXELS:
        raise FrameInvalid(
            f"sends pictures of {width_px}x{height_px} pixels; we take {MIN_SIDE_PX} to "
            f"{MAX_SIDE_PX} a side, and {MAX_PIXELS // 1_000_000} million in all"
        )
