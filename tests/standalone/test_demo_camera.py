"""``vigil demo-camera`` as it is started: a process, its URL, its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import pytest

from standalone.demo.clip import ClipFormat, render_clip, render_test_card
from standalone.demo.command import main, read_credentials, street_clip
from standalone.demo.rtsp.auth import Scheme
from standalone.demo.rtsp.media import load
from standalone.demo.rtsp.nal import split_annexb
from tests.cameras.viewer import numbers, packets, watching
from vigil.errors import SetupInvalid


@contextmanager
def demo_camera(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process, and the URL that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "standalone.demo.command", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "VIGIL_HOME": str(home)},
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_makes_its_clip_serves_it_and_ends_when_told(tmp_path: Path) -> None:
    # Given a machine on which nothing is yet
    with demo_camera(tmp_path) as (process, url):
        # When it has begun, a minute of street is there, and somebody can watch it
        assert url.startswith("rtsp://127.0.0.1:")
        with watching(url) as stream:
            assert packets(stream, 5)[0].is_key
            assert (stream.streams.video[0].width, stream.streams.video[0].height) == (1280, 720)

        # Then it ends in order when it is told to, even while somebody watches
        with watching(url):
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
    (clip,) = (tmp_path / "demo").iterdir()
    assert load(clip).span_s == 60


def test_a_clip_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = street_clip(tmp_path, form=ClipFormat(size_wh=(320, 180), length_s=0.2))
    before = path.stat()

    assert street_clip(tmp_path) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_plays_a_file_and_prints_no_credentials(tmp_path: Path, small_clip: Path) -> None:
    secret = tmp_path / "credentials"
    secret.write_text("owner:open sesame\n")

    with demo_camera(
        tmp_path, "--file", str(small_clip), "--credentials-file", str(secret), "--auth", "basic"
    ) as (process, url):
        known = url.replace("rtsp://", "rtsp://owner:open%20sesame@")
        with watching(known) as stream:
            assert None not in numbers(stream, 2)
        process.send_signal(signal.SIGINT)
        printed, logged = process.communicate(timeout=10)

    for text in (url, printed, logged):
        assert "owner" not in text
        assert "sesame" not in text


def test_says_which_port_is_taken(tmp_path: Path, small_clip: Path) -> None:
    with demo_camera(tmp_path, "--file", str(small_clip)) as (_, url):
        port = url.rpartition(":")[2].partition("/")[0]
        with pytest.raises(SetupInvalid, match=f"port {port} of 127.0.0.1: Address already in use"):
            main(["--port", port, "--file", str(small_clip)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "Invalid data"),
        (b"this is a text, and no video\n" * 100, "Invalid data"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SetupInvalid, match=reason):
        load(path)


@pytest.mark.parametrize("content", ["", "user", "user:", ":password", "\nuser:password"])
def test_says_what_credentials_look_like(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials"
    path.write_text(content)

    with pytest.raises(SetupInvalid, match="user:password"):
        read_credentials(path, Scheme.BASIC)


def test_refuses_a_codec_that_it_does_not_send(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    render_clip(clip, form=ClipFormat(size_wh=(160, 90), length_s=0.2))
    still = tmp_path / "clip.png"
    with av.open(clip) as container:
        next(container.decode(video=0)).save(still)

    with pytest.raises(SetupInvalid, match=r"only H.264 and H.265"):
        load(still)


@pytest.mark.parametrize(("suffix", "tracks"), [(".mp4", 2), (".mkv", 2), (".ts", 1)])
def test_takes_any_container_and_leaves_out_audio_that_rtp_cannot_carry(
    tmp_path: Path, suffix: str, tracks: int
) -> None:
    clip = tmp_path / f"clip{suffix}"
    render_test_card(clip, form=ClipFormat(size_wh=(160, 90), length_s=0.5, with_audio=True))

    media = load(clip)

    assert len(media.tracks) == tracks
    assert len(media.tracks[0].units) == 5
    assert media.span_s == Fraction(1, 2)


def test_refuses_video_that_no_client_could_begin_with(tmp_path: Path) -> None:
    # Given a byte stream whose parameter sets were cut out behind the first picture's
    clip, cut = tmp_path / "clip.ts", tmp_path / "cut.nut"
    render_test_card(clip, form=ClipFormat(size_wh=(160, 90), length_s=0.5))
    with av.open(clip) as source, av.open(cut, "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        video.codec_context.extradata = None
        for packet in source.demux(video=0):
            if not packet.size:
                continue
            slices = [unit for unit in split_annexb(bytes(packet)) if unit[0] & 0x1F in {1, 5}]
            bare = av.Packet(b"".join(b"\0\0\0\1" + unit for unit in slices))
            bare.stream, bare.pts, bare.dts = video, packet.pts, packet.dts
            bare.is_keyframe = packet.is_keyframe
            target.mux(bare)

    with pytest.raises(SetupInvalid, match="lacks the parameter sets"):
        load(cut)
