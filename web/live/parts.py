"""The form of an MJPEG stream: ``multipart/x-mixed-replace`` (RFC 2046, section 5.1)."""

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"


def part(jpeg: bytes) -> bytes:
    """Return jpeg as one part of the stream."""
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return b"".join((head.encode(), jpeg, b"\r\n"))
