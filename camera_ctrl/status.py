"""What is said of a camera, made of what those who serve it report."""

from dataclasses import dataclass, field

from camera_ctrl.reports import DecodeReport, IngestReport
from camera_ctrl.stream_choice import StreamChoice
from vigil.domain.camera import Epoch, Stream
from vigil.messages import CameraState, CameraStatus, SubStreamStatus


@dataclass(frozen=True, slots=True)
class Reports:
    """What is known of one camera.

    Attributes:
        main: How its main stream is, by which it lives.
        made: How its pictures are made.
        sub: How its sub-stream is; None: it has none.
        choice: Which of the two is to be decoded.
    """

    main: IngestReport = field(default_factory=IngestReport)
    made: DecodeReport = field(default_factory=DecodeReport)
    sub: IngestReport | None = None
    choice: StreamChoice = field(default_factory=StreamChoice)

    def lost_epochs(self) -> set[Epoch]:
        """Return the epochs under which somebody's write was refused."""
        reports = (self.main, self.made, self.sub)
        return {each.lost_epoch for each in reports if each and each.lost_epoch is not None}


def state_of(seen: IngestReport) -> CameraState:
    """Return how a camera, or a stream of it, is."""
    if seen.is_alive:
        return CameraState.ACTIVE
    if seen.error is None and seen.last_packet_us is None:
        return CameraState.STARTING
    return CameraState.INACTIVE


def error_of(seen: IngestReport) -> str | None:
    """Return why no packets come, in an owner's words; None: they do, or it is too early to say."""
    if not seen.is_alive and seen.error is None and seen.last_packet_us is not None:
        return "connected, but no video comes"
    return None if seen.is_alive else seen.error


def status_of(
    known: Reports, *, owner: str, epoch: Epoch, since_us: int, last_frame_us: int | None
) -> CameraStatus:
    """Return what is said of a camera.

    Args:
        known: All of it.
        owner: The member that holds the camera.
        epoch: Of its ingest lease.
        since_us: UTC of the last change of its state.
        last_frame_us: UTC at which its newest picture was captured.
    """
    seen, made = known.main, known.made
    return CameraStatus(
        state=state_of(seen),
        error=made.error if seen.is_alive else error_of(seen),
        owner=owner,
        epoch=epoch,
        since_us=since_us,
        last_packet_us=seen.last_packet_us,
        last_frame_us=last_frame_us,
        codec=seen.codec,
        width_px=seen.width_px,
        height_px=seen.height_px,
        packet_fps=round(seen.packet_fps, 2),
        frame_fps=round(made.frame_fps, 2),
        bitrate_bps=round(seen.bitrate_bps),
        backlog_s=seen.backlog_s,
        backlog_bytes=seen.backlog_bytes,
        is_moving=made.motion.is_moving if made.motion else None,
        moving_since_us=made.motion.since_us if made.motion else None,
        decoding=made.decoding,
        decoding_reason=_reason(known),
        decoded_stream=made.stream,
        frames_decoded=made.frames_decoded,
        sub_stream=None if known.sub is None else _sub_status(known.sub, made),
    )


def _reason(known: Reports) -> str | None:
    """Return why not less is decoded: why the main stream, and why not keyframes alone."""
    made, why = known.made, None
    if known.sub is not None and made.stream is Stream.MAIN:
        refused = made.sub_error and f"no picture can be made of its sub-stream: {made.sub_error}"
        why = known.choice.reason or refused or "its sub-stream has sent no keyframe yet"
    return "; ".join(filter(None, (why, made.decoding_reason))) or None


def _sub_status(sub: IngestReport, made: DecodeReport) -> SubStreamStatus:
    return SubStreamStatus(
        state=state_of(sub),
        error=made.sub_error if sub.is_alive else error_of(sub),
        codec=sub.codec,
        width_px=sub.width_px,
        height_px=sub.height_px,
        packet_fps=round(sub.packet_fps, 2),
        bitrate_bps=round(sub.bitrate_bps),
        backlog_bytes=sub.backlog_bytes,
    )
