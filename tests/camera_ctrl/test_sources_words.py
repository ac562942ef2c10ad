"""What the owner of a camera is told when there is no video, within five seconds."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import av
import pytest

from camera_ctrl.ingest.feeds import READ_TIMEOUT_S, AvPacket, Feed
from camera_ctrl.ingest.pump import PacketPump, PumpState
from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import Source
from camera_ctrl.ingest.words import in_words
from camera_ctrl.notes import Notes
from tests.builders import CAMERA, a_camera
from tests.camera_ctrl.footage import remuxed
from tests.camera_ctrl.sessions import watched
from tests.camera_ctrl.web_server import Answer, WebServer, body, web_server
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.faults import Fault
from tests.cameras.process import CameraProcess
from tests.cameras.stand_ins import rtsp_camera
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.clock import FakeClock
from vigil.domain.camera import Epoch
from vigil.errors import CameraUnavailable
from vigil.media.template import MediaStream

#: The promise.
SAID_WITHIN_S = 5.0


@pytest.fixture(scope="module")
def camera(small_clip: Path) -> Iterator[CameraProcess]:
    with rtsp_camera(small_clip, auth=("admin", "secret")) as it:
        yield it


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server() as it:
        it.answers["/page"] = body(b"<html><p>Log in</p></html>", "text/html; charset=utf-8")
        it.answers["/list"] = body(b"#EXTM3U\n", "application/vnd.apple.mpegurl")
        it.answers["/text"] = body(b"hello\n" * 1000, "video/mp4")
        it.answers["/error"] = body(b"", "text/plain", status=500)
        it.answers["/forbidden"] = body(b"", "text/plain", status=403)
        it.answers["/nothing"] = body(b"", "video/mp4")
        it.answers["/png"] = body(b"\x89PNG", "image/png")
        it.answers["/cut.jpg"] = body(b"\xff\xd8\xff\xdb half a picture", "image/jpeg")
        it.answers["/circle"] = Answer(
            "text/plain", lambda: iter(()), 302, 0, headers={"Location": "/circle"}
        )
        it.answers["/nobody"] = Answer(
            "text/plain", lambda: iter(()), 302, 0, headers={"Location": "http://camera..invalid/"}
        )
        it.answers["/elsewhere"] = Answer(
            "text/plain", lambda: iter(()), 302, 0, headers={"Location": "file:///etc/passwd"}
        )
        yield it


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, card_clip: CardClip) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "text.mp4").write_text("I am a letter.\n" * 500)
    (folder / "empty.mp4").touch()
    clip = card_clip(SMALL).read_bytes()
    # Its index lies behind the video.
    (folder / "cut.mp4").write_bytes(clip[: len(clip) // 2])
    with_sound = card_clip(replace(SMALL, with_audio=True))
    remuxed(with_sound, folder / "sound.mp4", "audio")
    with av.open(folder / "old.avi", "w") as target:
        stream = target.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame(64, 64, "yuv420p")
        target.mux(stream.encode(frame))
        target.mux(stream.encode())
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("text.mp4", "the file is no video"),
        ("empty.mp4", "the file is no video"),
        ("cut.mp4", "the file is damaged, or was cut off"),
        ("absent.mp4", "no such file"),
        ("text.mp4/absent", "no such file"),
        ("", "it is a folder, not a file"),
        ("pipe", "it is no file: a device is given as device:///dev/video0"),
        ("sound.mp4", "gives sound alone, without video"),
        ("old.avi", "sends mpeg4 video; we take H.264, H.265 and MJPEG"),
    ],
)
def test_of_a_file(files: Path, name: str, words: str) -> None:
    with watched(f"file://{files}/{name}") as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == words
        assert watch.packets() == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "answers with a web page, not with video; check the path"),
        ("/list", "answers with a playlist; give the URL of the video itself"),
        ("/text", "answers, but not with video"),
        ("/nothing", "answers, but not with video"),
        ("/error", "the camera reports an error of its own"),
        ("/forbidden", "the camera forbids this user to see the stream"),
        ("/absent", "the camera answers, but has no stream at this path"),
        ("/png", "answers with a picture that is no JPEG"),
        ("/cut.jpg", "its picture is no JPEG, or was cut off"),
        ("/circle", "the camera sends us round in circles"),
        ("/elsewhere", "the camera sends us on to where we do not go"),
        ("/nobody", "the camera's name is not known: check the host in its URL"),
    ],
)
def test_of_a_web_server(web: WebServer, path: str, words: str) -> None:
    with watched(web.url(path)) as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == words
        assert watch.packets() == []


@pytest.mark.parametrize(
    "field", ["algorithm=SHA-512-256", 'qop="auth-int"', "stale"], ids=["hash", "qop", "garbage"]
)
def test_of_a_web_server_that_asks_for_a_password_in_a_way_of_its_own(
    web: WebServer, field: str
) -> None:
    challenge = f'Digest realm="camera", nonce="00", {field}'
    web.answers["/digest"] = body(
        b"", "text/plain", status=401, headers={"WWW-Authenticate": challenge}
    )

    with watched(web.url("/digest", user="admin:secret")) as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == (
            "the camera asks for the password in a way that we do not know"
        )


UNKNOWN = "the camera's name is not known: check the host in its URL"
NO_ROUTE = "no route to the camera"
NO_NETWORK = "no route to the camera's network"
NOBODY = "nobody listens at this address and port"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no-such-camera.invalid", {UNKNOWN}),
        # Names that can be nobody's: Python refuses to look them up
        ("camera..invalid", {UNKNOWN}),
        ("c" * 64 + ".invalid", {UNKNOWN}),
        ("xn--a", {UNKNOWN}),
        # The prefix of documentation leads nowhere; which of these is said depends on the network.
        ("[2001:db8::1]", {NO_ROUTE, NO_NETWORK, "no answer in time"}),
        ("127.0.0.1:1", {NOBODY}),
    ],
)
def test_of_a_host(scheme: str, host: str, words: set[str]) -> None:
    with watched(f"{scheme}://admin:secret@{host}/stream") as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) in words


@contextmanager
def silent() -> Iterator[int]:
    """Give a port at which connections are accepted, and nothing is said."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_of_a_port_that_stays_silent(scheme: str) -> None:
    with silent() as port, watched(f"{scheme}://127.0.0.1:{port}/") as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == "no answer in time"


def wrong_password(camera: CameraProcess) -> str:
    return camera.url_for("admin", "wrong")


def no_password(camera: CameraProcess) -> str:
    return camera.bare_url


def wrong_path(camera: CameraProcess) -> str:
    return camera.url.replace("/" + camera.url.rpartition("/")[2], "/no/such/stream")


@pytest.mark.parametrize(
    ("url", "fault", "words"),
    [
        (wrong_password, Fault.NONE, "wrong user or password"),
        (no_password, Fault.NONE, "the camera asks for a user and a password"),
        (wrong_path, Fault.NONE, "the camera answers, but has no stream at this path"),
        (wrong_password, Fault.BABBLE, "answers, but is no RTSP server"),
    ],
)
def test_of_an_rtsp_camera(
    camera: CameraProcess, url: Callable[[CameraProcess], str], fault: Fault, words: str
) -> None:
    camera.fault(fault)
    with watched(url(camera)) as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == words


def test_of_a_web_server_that_is_taken_for_an_rtsp_camera(web: WebServer) -> None:
    with watched(web.url("/page").replace("http:", "rtsp:")) as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == "answers, but is no RTSP server"


def test_of_an_rtsp_camera_that_is_taken_for_a_web_server(camera: CameraProcess) -> None:
    camera.fault(Fault.BABBLE)
    with watched(camera.bare_url.replace("rtsp:", "http:")) as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == "answers, but is no web server, or breaks off"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "x"), "no such device: is it plugged in?"),
        (PermissionError(13, "x"), "we may not open this device"),
        (OSError(16, "x"), "the device is busy: another program uses it"),
        (OSError(25, "x"), "this device gives no video"),
    ],
)
def test_of_a_device(error: OSError, words: str) -> None:
    assert in_words(error, Source("device:///dev/video0")) == words


def test_of_a_device_that_is_not_there_and_of_one_that_is_none() -> None:
    with watched("device:///dev/video99") as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == "no such device: is it plugged in?"
    with watched("device:///dev/null") as watch:
        assert watch.wait_for_error(SAID_WITHIN_S) == "this device gives no video"


def test_of_a_file_that_we_may_not_read() -> None:
    source = Source("file:///videos/door.mp4")
    assert in_words(PermissionError(13, "x"), source) == "we may not read this file"


def test_of_a_camera_whose_sound_goes_on_without_its_video(card_clip: CardClip) -> None:
    clock = FakeClock()
    leases = MemoryLeases(clock)
    epoch = leases.acquire(CAMERA, "test", ttl_s=600.0, last_seen=Epoch(0))
    assert epoch is not None
    log = MemoryPacketLog(leases, clock, limits=BacklogLimits())
    session = CameraSession(
        a_camera(), Source("rtsp://x/"), epoch=epoch, packets=log, notes=Notes(1), clock=clock
    )
    with av.open(card_clip(replace(SMALL, with_audio=True))) as container:
        streams: list[MediaStream] = [container.streams.video[0], container.streams.audio[0]]

        def packets() -> Iterator[AvPacket]:
            yield next(container.demux(video=0))
            for packet in container.demux(audio=0):
                clock.advance(1.0)
                yield packet

        state = PumpState(epoch)
        pump = PacketPump(CAMERA, streams, state=state, packets=log, clock=clock)
        notes = Notes(1)
        with (
            pytest.raises(CameraUnavailable, match="its sound or data comes, but no video"),
            notes.at(CAMERA, due_s=0.0) as note,
        ):
            session._pump(Feed(streams, packets(), has_end=False), pump, note)
    assert clock.monotonic_s() - FakeClock().monotonic_s() == pytest.approx(READ_TIMEOUT_S, abs=1.1)
