"""What an order asks for, made: the work of one process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.exports.bundle import Bundle
from recorder.exports.copying import Clip, Source, StreamCopy
from recorder.exports.exact import encode_exactly
from recorder.exports.selection import files_within, named_within
from recorder.exports.shelf import Made, Shelf
from recorder.exports.spans import Span, gaps_between
from recorder.footage.volume import Volume
from vigil.clock import utc_from_us
from vigil.errors import FootageInvalid
from vigil.exports import MAX_GAPS, ExportedCamera, ExportKind, ExportOrder
from vigil.facts import ExportGap, ExportResult

Say = Callable[[float], None]


def bytes_of(order: ExportOrder, volume: Volume) -> int:
    """Return about how many bytes of footage an order is about; no file is opened.

    Raises:
        VolumeUnavailable: The volume is not there, or cannot be read.
    """
    total = 0
    for camera in order.cameras:
        within = named_within(
            volume, camera.camera_id, _asked(order), not_before_us=camera.since_us
        )
        for path in within:
            try:
                total += (volume.path / path).stat().st_size
            except FileNotFoundError:
                continue
    return total


def make(order: ExportOrder, volume: Volume, shelf: Shelf, *, say: Say) -> ExportResult:
    """Make what an order asks for; return what is on the shelf then.

    Args:
        order: It.
        volume: Where the footage is.
        shelf: Where the result goes.
        say: Is told the share that is done, now and then.

    Raises:
        FootageInvalid: It cannot be made, in words for who asked.
        VolumeUnavailable: The volume is away, or full. Nothing is left of what was made.
    """
    with shelf.working_on(order.export) as folder:
        making = _Making(order, volume, folder, say)
        made = making.one() if order.kind is ExportKind.MP4 else making.bundle()
        return shelf.put(order.export, made)


@dataclass(frozen=True, slots=True)
class _Making:
    order: ExportOrder
    volume: Volume
    folder: Path
    say: Say

    def one(self) -> Made:
        [camera] = self.order.cameras
        clips = self._clips(camera, self.say, is_one=True)
        if not clips:
            raise FootageInvalid(self._nothing())
        [clip] = clips
        spans = clip.spans
        gaps = _gaps(camera, spans, _asked(self.order))
        return Made(clip.path, spans[0].begun_us, spans[-1].ended_us, gaps[:MAX_GAPS])

    def bundle(self) -> Made:
        bundle, count = Bundle(self.folder / "result.zip", self.order), len(self.order.cameras)
        spans, gaps = list[Span](), list[ExportGap]()
        with bundle:
            for number, camera in enumerate(self.order.cameras):

                def say(share: float, number: int = number) -> None:
                    self.say((number + share) / count)

                clips = self._clips(camera, say)
                found = [span for clip in clips for span in clip.spans]
                missing = _gaps(camera, found, _asked(self.order))
                bundle.add(camera, clips, missing)
                spans += found
                gaps += missing
            if not spans:
                raise FootageInvalid(self._nothing())
            bundle.finish()
        return Made(
            bundle.path,
            min(each.begun_us for each in spans),
            max(each.ended_us for each in spans),
            gaps[:MAX_GAPS],
        )

    def _clips(self, camera: ExportedCamera, say: Say, *, is_one: bool = False) -> Sequence[Clip]:
        asked = _asked(self.order)
        files = files_within(self.volume, camera.camera_id, asked, not_before_us=camera.since_us)
        source = Source(list(files), asked.begun_us, asked.ended_us, camera.name)
        is_exact = self.order.is_exact
        copied = StreamCopy(
            source,
            path_of=lambda number: self.folder / f"{camera.camera_id}-{number}.mp4",
            is_one=is_one,
            # To encode takes far longer than to copy.
            say=(lambda _: None) if is_exact else say,
        ).run()
        if not is_exact:
            return copied
        exact = []
        for clip in copied:
            path = clip.path.with_suffix(".exact.mp4")
            exact.append(encode_exactly(clip, path, asked, title=camera.name, say=say))
            clip.path.unlink()
        return [each for each in exact if each is not None]

    def _nothing(self) -> str:
        since, until = utc_from_us(self.order.since_us), utc_from_us(self.order.until_us)
        which = "the camera" if len(self.order.cameras) == 1 else "any of the cameras"
        return (
            f"there is no footage of {which} from {since:%Y-%m-%d %H:%M:%S} to "
            f"{until:%Y-%m-%d %H:%M:%S} UTC"
        )


def _asked(order: ExportOrder) -> Span:
    return Span(order.since_us, order.until_us)


def _gaps(camera: ExportedCamera, spans: Sequence[Span], asked: Span) -> list[ExportGap]:
    return [
        ExportGap(camera_id=camera.camera_id, begun_us=each.begun_us, ended_us=each.ended_us)
        for each in gaps_between(spans, asked)
    ]
