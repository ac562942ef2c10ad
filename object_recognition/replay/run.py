"""Puts a replay together, and answers who asked for it. It names concrete classes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import cv2

from object_recognition.assembly import make_engines, make_store
from object_recognition.models.shelf import ModelShelf
from object_recognition.models.source import DEFAULT_MODEL, is_url
from object_recognition.models.store import ModelStore
from object_recognition.recognisers import BASIC, DEFAULT, Recognisers
from object_recognition.replay.begins import Begins, begins_of
from object_recognition.replay.cameras import a_new_camera, camera_of, known_cameras
from object_recognition.replay.changes import COMPARABLE, changed
from object_recognition.replay.clip import Clip, clip_time, opened
from object_recognition.replay.frames import FrameMaker
from object_recognition.replay.progress import Progress
from object_recognition.replay.replaying import Replay
from object_recognition.replay.report import Report
from object_recognition.replay.request import ReplaySettings, Request
from object_recognition.replay.table import text_of
from object_recognition.replay.variant import Variant
from object_recognition.replay.video import AnnotatedVideo
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect_briefly
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId
from vigil.errors import ModelInvalid, ModelUnavailable, SetupInvalid
from vigil.runtime import StopSignal, stop_on_signals
from vigil.sealing import Sealer

#: What a shell calls the end by Ctrl-C.
_INTERRUPTED = 130
#: Seconds between two looks whether the model is there.
_POLL_S = 0.1


def run(request: Request, settings: ReplaySettings) -> int:
    """Replay a clip, and print what was seen; return the exit status.

    Raises:
        SetupInvalid: The clip, a setting or the place of the video is wrong.
        ModelUnavailable: What is to look cannot be had just now.
    """
    # As in a worker: OpenCV would take every core for each small picture.
    cv2.setNumThreads(settings.inference_threads)
    session = _Session(request, settings, stop_on_signals())
    try:
        return session.run()
    except ModelInvalid as error:
        print(f"vigil replay: the model is refused: {error}", file=sys.stderr)
        return 1
    finally:
        session.close()


class _Session:
    def __init__(self, request: Request, settings: ReplaySettings, stop: StopSignal) -> None:
        self._request = request
        self._settings = settings
        self._stop = stop
        self._clock = SystemClock()
        home = settings.vigil_home
        self._engines = make_engines(settings, home)
        self._store = make_store(settings, home, self._engines, clock=self._clock, stop=stop)
        self._shelf = ModelShelf(
            store=self._store,
            load=self._engines.open,
            pinned={DEFAULT_MODEL.name: DEFAULT_MODEL},
            clock=self._clock,
            stop=stop,
        )
        self._recognisers = Recognisers(
            shelf=self._shelf,
            default_model=settings.default_model,
            sealer=Sealer(*settings.secrets()),
        )
        self._progress = Progress(sys.stderr, self._clock)

    def close(self) -> None:
        """End what still fetches a model."""
        self._stop.set()
        self._shelf.close()

    def run(self) -> int:
        request = self._request
        camera = self._camera()
        other = changed(camera, request.compare, names=COMPARABLE) if request.compare else None
        with opened(request.clip) as clip:
            # What is wrong is said before a model is waited for.
            begins = begins_of(
                request.begins, created_at=clip.created_at, time_zone=camera.time_zone
            )
            with self._video(camera) as video:
                if not self._is_ready(camera):
                    return _INTERRUPTED
                return self._replayed(clip, begins, camera, other, video=video)

    def _camera(self) -> CameraConfig:
        request = self._request
        if request.camera is None:
            camera = a_new_camera(request.clip.name)
        else:
            camera = camera_of(request.camera, self._known_cameras())
        camera = changed(camera, request.changes)
        if request.model is not None:
            camera = changed(camera, [f"recognition={request.model}"])
        if not camera.models:
            raise SetupInvalid(
                f"camera {camera.id} is looked at by nothing; --model names what is to"
            )
        return _with_whole_name(camera, self._store)

    def _known_cameras(self) -> Mapping[CameraId, CameraConfig]:
        path = self._settings.vigil_home / "object_recognition" / "cameras.json"
        url = self._settings.queue_url()
        if url is None:
            return known_cameras(path, None)
        with closing(connect_briefly(url)) as queue:
            return known_cameras(path, RedisCameraConfigStore(queue))

    @contextmanager
    def _video(self, camera: CameraConfig) -> Iterator[AnnotatedVideo | None]:
        request = self._request
        if request.video is None:
            yield None
            return
        if request.video.exists() and request.video.samefile(request.clip):
            raise SetupInvalid(f"--video {request.video}: that is the clip itself")
        video = AnnotatedVideo(request.video, fps=camera.frame_fps, may_replace=request.may_replace)
        try:
            yield video
        finally:
            video.discard()

    def _is_ready(self, camera: CameraConfig) -> bool:
        """Return when all that is to look is there; False: nobody waits for it any more.

        Raises:
            ModelUnavailable: It, or one of several, cannot be had.
        """
        self._shelf.start()
        while not self._recognisers.are_ready([camera]):
            self._progress.waits("the model is made ready")
            if self._stop.wait(_POLL_S):
                return False
        chosen = self._recognisers.of(camera)
        if not chosen.is_whole:
            raise ModelUnavailable(
                f"the model cannot be had: {chosen.error}; --model names another, and "
                "'--model basic' looks without any"
            )
        return True

    def _replayed(
        self,
        clip: Clip,
        begins: Begins,
        camera: CameraConfig,
        other: CameraConfig | None,
        *,
        video: AnnotatedVideo | None,
    ) -> int:
        chosen = self._recognisers.of(camera)
        maker = FrameMaker(camera, begins_us=begins.us, jpeg_quality=self._settings.jpeg_quality)
        variants = [
            Variant(each, begins, self._recognisers.of(each))
            for each in (camera, other)
            if each is not None
        ]
        self._progress.begin()
        replay = Replay(
            clip=clip,
            begins=begins,
            maker=maker,
            detector=chosen.detector,
            variants=variants,
            video=video,
            progress=self._progress,
            stop=self._stop,
        )
        replay.run()
        has_video = video is None or (replay.is_whole and video.finish())
        accounts = [variant.account() for variant in variants]
        report = Report(
            clip=str(self._request.clip),
            camera=self._request.camera,
            name=camera.name,
            recogniser=chosen.detector.name,
            begins_at=begins.iso(0),
            **_extent(replay, clip),
            notes=(
                *([chosen.error] if chosen.error is not None else []),
                *_notes(replay, clip, maker, video),
                *_setting_notes(camera, other, begins, replay),
            ),
            account=accounts[0],
            comparison=replay.comparer.comparison(*accounts) if other is not None else None,
        )
        self._tell(report)
        if not replay.is_whole:
            return _INTERRUPTED
        return 0 if has_video and replay.looks else 1

    def _tell(self, report: Report) -> None:
        as_json = self._request.as_json
        print(report.model_dump_json(indent=2) if as_json else text_of(report), end="")


def _extent(replay: Replay, clip: Clip) -> dict[str, Any]:
    """Return the fields of a report that say how much of a clip was looked at."""
    return {
        "replayed_s": round(clip.read_us / MICROSECONDS, 3),
        "lasts_s": None if clip.lasts_us is None else round(clip.lasts_us / MICROSECONDS, 3),
        "width_px": replay.size_wh[0],
        "height_px": replay.size_wh[1],
        "frames": clip.frames_read,
        "looks": replay.looks,
        "is_whole": replay.is_whole,
    }


def _with_whole_name(camera: CameraConfig, store: ModelStore) -> CameraConfig:
    """Return a camera whose models are named as the recognisers know them.

    Somebody who types may name a file from where they are, or what the list of models shows.

    Raises:
        ModelInvalid: Nobody knows what is meant.
    """
    models = tuple(
        use
        if use.sealed is not None
        else use.model_copy(update={"model": _whole(use.model, store)})
        for use in camera.models
    )
    return camera.model_copy(update={"models": models})


def _whole(model: str, store: ModelStore) -> str:
    is_known = model in {BASIC, DEFAULT, DEFAULT_MODEL.name} or is_url(model)
    if is_known or Path(model).is_absolute():
        return model
    path = Path(model)
    return str(path.resolve() if path.exists() else store.called(model).path.resolve())


def _notes(
    replay: Replay,
    clip: Clip,
    maker: FrameMaker,
    video: AnnotatedVideo | None,
) -> Iterator[str]:
    if replay.is_whole:
        yield from clip.notes()
    else:
        yield f"stopped at {clip_time(clip.read_us)}; this is what was seen until then"
    count, reason = maker.refused
    if count:
        yield f"{count} frames could not be looked at: {reason}"
    if video is not None and video.error is not None:
        yield f"the video was given up: {video.error}"
    elif video is not None and not replay.is_whole:
        yield "the video was given up, as it would not be whole"


def _setting_notes(
    camera: CameraConfig, other: CameraConfig | None, begins: Begins, replay: Replay
) -> Iterator[str]:
    """Yield in which respect the settings may not be meant for this clip."""
    zones = [*camera.zones, *(other.zones if other else ())]
    if not begins.is_known and any(zone.schedule for zone in zones):
        yield (
            "nobody knows when it was captured, so zones with hours are judged as if it began at "
            "midnight; --begins says when it did"
        )
    width, height = replay.size_wh
    places = [(f"zone '{zone.name}'", zone.points) for zone in camera.zones]
    places += [(f"line '{line.name}'", (line.start, line.end)) for line in camera.lines]
    for what, points in places if replay.looks else ():
        if any(x > width or y > height for x, y in points):
            yield (
                f"{what} reaches out of the {width}x{height} pictures: was it drawn on larger ones?"
            )
