"""What Opus says of itself (RFC 6716, RFC 7845)."""

from vigil.errors import MessageInvalid

#: Samples of a frame at 48 kHz, by the first five bits of a packet.
_SILK = (480, 960, 1920, 2880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)
_FIRST_HYBRID, _FIRST_CELT = 12, 16
#: The longest packet.
_MAX_SAMPLES = 5760
_HEAD = b"OpusHead"
_MAX_HEAD_BYTES = 64
#: 20 ms in which nothing is said: of one channel, and of two.
_SILENT = {1: b"\xf8\xff\xfe", 2: b"\xfc\xff\xfe"}
SILENT_SAMPLES = 960


def samples_in(packet: bytes) -> int:
    """Return how long a packet is, at 48 kHz.

    Raises:
        MessageInvalid: It is no packet of Opus.
    """
    if not packet:
        raise MessageInvalid("an empty packet of Opus")
    kind, code = packet[0] >> 3, packet[0] & 3
    if kind < _FIRST_HYBRID:
        each = _SILK[kind % 4]
    elif kind < _FIRST_CELT:
        each = _HYBRID[kind % 2]
    else:
        each = _CELT[kind % 4]
    if code == 3 and len(packet) < 2:
        raise MessageInvalid("a packet of Opus that does not say how many frames it has")
    samples = each * (packet[1] & 0x3F if code == 3 else (1, 2, 2)[code])
    if not 0 < samples <= _MAX_SAMPLES:
        raise MessageInvalid("a packet of Opus that is longer than one can be")
    return samples


def layout_of(head: bytes, channels: int) -> tuple[int, bytes]:
    """Return how many channels Opus has, and how they are mapped, as an MP4 has it.

    Args:
        head: An identification header; empty, as over RTP: at most two channels.
        channels: Where the header is empty.

    Raises:
        MessageInvalid: It is none.
    """
    if not head:
        return (1 if channels == 1 else 2), b"\0"
    if not head.startswith(_HEAD) or not 19 <= len(head) <= _MAX_HEAD_BYTES or not head[9]:
        raise MessageInvalid("Opus with a header that is none is not recorded")
    return head[9], head[18:] if head[18] else b"\0"


def silent_packet(channels: int) -> bytes | None:
    """Return 20 ms of silence; None: of more than two channels."""
    return _SILENT.get(channels)
