"""Which of a camera's streams is decoded: the sub-stream where there is one and it lives."""

from collections.abc import Collection
from dataclasses import dataclass, field

from vigil.domain.camera import CameraId, Stream

#: A sub-stream that was lost must live for so long before it is decoded again, and twice as long
#: each time that it did not last: with each change of the stream, tracks end.
RETURN_AFTER_S, RETURN_AFTER_MAX_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """Which stream of a camera to decode.

    Attributes:
        stream: That one.
        full_wh: Of the main stream's frames, in whose pixels everything is told; None: as decoded.
        reason: Why it is the main one though there is another, in an owner's words.
        is_alive: Whether the camera lives, which is by its main stream. Of one that does not, no
            picture is shown, whatever else comes.
    """

    stream: Stream = Stream.MAIN
    full_wh: tuple[int, int] | None = None
    reason: str | None = None
    is_alive: bool = True


@dataclass(frozen=True, slots=True)
class SubStream:
    """How a camera's sub-stream is.

    Attributes:
        is_alive: Whether packets of it come now.
        error: Why not, in an owner's words; None: nothing is known yet.
    """

    is_alive: bool
    error: str | None = None


@dataclass(slots=True)
class _Known:
    """What was seen of one sub-stream.

    Attributes:
        from_s: Since when it may be decoded, or by when; None: it is away.
        wait_s: How long it must live then, before it is.
    """

    from_s: float | None = None
    wait_s: float = 0.0


@dataclass(slots=True)
class StreamChooser:
    """Chooses for every camera of a controller, and remembers which sub-streams were lost."""

    _known: dict[CameraId, _Known] = field(default_factory=dict)

    def choose(
        self,
        camera_id: CameraId,
        sub: SubStream,
        *,
        main_wh: tuple[int, int],
        is_alive: bool,
        now_s: float,
    ) -> StreamChoice:
        """Return which stream to decode of a camera that has two.

        Args:
            camera_id: Of which camera.
            sub: Its sub-stream.
            main_wh: Of its main video; 0 by 0 until known.
            is_alive: Whether packets of the main stream come now.
            now_s: By a clock that only grows.
        """
        known = self._known.setdefault(camera_id, _Known())
        if not sub.is_alive:
            if known.from_s is not None:
                lasted = now_s - known.from_s >= RETURN_AFTER_MAX_S
                longer_s = RETURN_AFTER_S if lasted else 2 * known.wait_s
                known.wait_s = min(max(RETURN_AFTER_S, longer_s), RETURN_AFTER_MAX_S)
                known.from_s = None
            why = sub.error or "nothing of it has come yet"
            return StreamChoice(reason=f"its sub-stream is away: {why}", is_alive=is_alive)
        if known.from_s is None:
            known.from_s = now_s + known.wait_s
        if now_s < known.from_s:
            reason = "its sub-stream is back, and must last for some seconds first"
            return StreamChoice(reason=reason, is_alive=is_alive)
        if not is_alive or not all(main_wh):
            return StreamChoice(reason="its main stream is away", is_alive=is_alive)
        return StreamChoice(Stream.SUB, full_wh=main_wh)

    def keep(self, camera_ids: Collection[CameraId]) -> None:
        """Forget all other cameras."""
        for gone in self._known.keys() - camera_ids:
            del self._known[gone]
