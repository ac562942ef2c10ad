"""How one camera is, as those who serve it say."""

from dataclasses import dataclass

from vigil.domain.camera import Epoch, Stream
from vigil.domain.motion import Motion
from vigil.messages import Decoding


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How the connection to one camera, or to its sub-stream, is.

    Attributes:
        is_alive: Whether packets come now.
        error: Why not, in an owner's words; None before the first try has ended.
        last_packet_us: UTC of the last packet's arrival.
        lost_epoch: An epoch under which a write was refused.
    """

    is_alive: bool = False
    error: str | None = None
    last_packet_us: int | None = None
    codec: str | None = None
    width_px: int = 0
    height_px: int = 0
    packet_fps: float = 0.0
    bitrate_bps: float = 0.0
    backlog_s: float = 0.0
    backlog_bytes: int = 0
    lost_epoch: Epoch | None = None


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """How the frames of one camera are made.

    Attributes:
        last_frame_us: UTC at which the newest frame on the bus was captured.
        motion: What the gate said of it; None: nobody asks.
        decoding, decoding_reason: How much is decoded, and why not less.
        frames_decoded: Since the decoder began.
        stream: Which stream is decoded.
        sub_error: Why no picture can be made of the sub-stream, though it comes; None: one can.
    """

    frame_fps: float = 0.0
    last_frame_us: int | None = None
    error: str | None = None
    lost_epoch: Epoch | None = None
    motion: Motion | None = None
    decoding: Decoding = Decoding.FULL
    decoding_reason: str | None = None
    frames_decoded: int = 0
    stream: Stream = Stream.MAIN
    sub_error: str | None = None
