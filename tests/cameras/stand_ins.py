"""The cameras that tests ask for, each a context manager."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from standalone.demo.rtsp.auth import Scheme
from standalone.demo.rtsp.conversation import PATH
from standalone.demo.rtsp.outlet import MAX_UNSENT_BYTES
from tests.cameras.gst_clip import dump_units
from tests.cameras.process import CameraProcess, python_module
from tests.programs import SYSTEM_PYTHON


@contextmanager
def rtsp_camera(
    clip: Path,
    *,
    auth: tuple[str, str] | None = None,
    scheme: Scheme = Scheme.DIGEST,
    from_start: bool = True,
    max_unsent_bytes: int = MAX_UNSENT_BYTES,
) -> Iterator[CameraProcess]:
    """Give our own RTSP camera, playing a clip round and round.

    Args:
        clip: H.264 or H.265; with AAC, Opus, G.711, G.726 of 32 kbit/s, PCM, or without sound.
        auth: User and password to ask for; None: nobody is asked.
        scheme: How it asks.
        from_start: Whether each client sees the clip from its first frame; else, as with a real
            camera, all see the same at the same time, from the last keyframe on.
        max_unsent_bytes: How much may wait for one client before it is dropped as too slow.
    """
    config = {
        "clip": str(clip),
        "auth": auth,
        "scheme": scheme,
        "from_start": from_start,
        "max_unsent_bytes": max_unsent_bytes,
    }
    command = python_module("tests.cameras.rtsp_process")
    with CameraProcess(command, config=config, scheme="rtsp", path=PATH, auth=auth) as camera:
        yield camera


@contextmanager
def mjpeg_camera(
    *,
    size_wh: tuple[int, int] = (640, 360),
    fps: float = 10.0,
    auth: tuple[str, str] | None = None,
) -> Iterator[CameraProcess]:
    """Give a camera that sends numbered test cards as multipart JPEG over HTTP.

    Args:
        size_wh: Of the pictures, in pixels.
        fps: Pictures a second; each has the next number burnt in.
        auth: User and password to ask for, by Basic.
    """
    config = {"size_wh": size_wh, "fps": fps, "auth": auth}
    command = python_module("tests.cameras.http_process")
    with CameraProcess(
        command, config=config, scheme="http", path="/video.mjpg", auth=auth
    ) as camera:
        yield camera


@contextmanager
def still_camera(
    *,
    size_wh: tuple[int, int] = (640, 360),
    fps: float = 1.0,
    auth: tuple[str, str] | None = None,
) -> Iterator[CameraProcess]:
    """Give a camera that answers each GET with its newest test card; arguments as mjpeg_camera."""
    config = {"size_wh": size_wh, "fps": fps, "auth": auth}
    command = python_module("tests.cameras.http_process")
    with CameraProcess(
        command, config=config, scheme="http", path="/still.jpg", auth=auth
    ) as camera:
        yield camera


@contextmanager
def gst_camera(clip: Path) -> Iterator[CameraProcess]:
    """Give gst-rtsp-server, playing a clip's video round and round: an RTSP stack not our own.

    It knows no faults but to be killed and started again.
    """
    script = str(Path(__file__).with_name("gst_process.py"))
    with TemporaryDirectory() as folder:
        units = Path(folder) / "units"
        config = {"units": str(units), **dump_units(clip, units)}
        command = [SYSTEM_PYTHON, script]
        with CameraProcess(command, config=config, scheme="rtsp", path=PATH) as camera:
            yield camera
