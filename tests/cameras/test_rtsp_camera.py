"""Our RTSP camera against FFmpeg: what comes out is what is in the file, to the byte."""

import itertools
import json
import select
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av
import psutil
import pytest
from av.bitstream import BitStreamFilterContext

from standalone.demo.clip import ClipFormat, Codec
from standalone.demo.rtsp.auth import Scheme
from standalone.demo.rtsp.nal import split_annexb
from tests.cameras import CameraProcess, rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.raw_client import RawClient
from tests.cameras.viewer import TRANSPORTS, Seen, Transport, numbers, packets, watching
from tests.programs import FFMPEG, FFPROBE
from tests.waiting import wait_until

FRAME_TICKS = 3600
#: A second each, so that the loop's end comes soon.
SECOND = replace(SMALL, length_s=1.0)
FORMS = [
    pytest.param(SECOND, id="h264"),
    pytest.param(replace(SECOND, b_frames=2), id="h264-b-frames"),
    pytest.param(replace(SECOND, codec=Codec.HEVC), id="hevc"),
    pytest.param(replace(SECOND, codec=Codec.HEVC, b_frames=2), id="hevc-b-frames"),
    pytest.param(replace(SECOND, with_audio=True), id="h264-aac"),
]


@pytest.fixture(scope="module")
def plain_camera(small_clip: Path) -> Iterator[CameraProcess]:
    with rtsp_camera(small_clip) as camera:
        yield camera


def in_file(clip: Path) -> list[Seen]:
    """Return the clip's packets as FFmpeg converts them itself."""
    with av.open(clip) as container:
        stream = container.streams.video[0]
        to_annexb = BitStreamFilterContext(f"{stream.codec_context.name}_mp4toannexb", stream)
        found = []
        for packet in container.demux(stream):
            if not packet.size:
                continue
            pts, is_key = packet.pts, packet.is_keyframe
            assert pts is not None
            assert stream.time_base is not None
            (converted,) = to_annexb.filter(packet)
            ticks = round(pts * stream.time_base * 90_000)
            found.append(Seen(ticks, is_key, tuple(split_annexb(bytes(converted)))))
        return found


def bodies(seen: Sequence[Seen]) -> list[tuple[bool, tuple[bytes, ...]]]:
    return [(packet.is_key, packet.units) for packet in seen]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("form", FORMS)
def test_every_packet_is_the_files_own_and_times_rise_across_the_loop(
    card_clip: CardClip, form: ClipFormat, transport: Transport
) -> None:
    clip = card_clip(form)
    file = in_file(clip)

    with rtsp_camera(clip) as camera, watching(camera.url, transport=transport) as stream:
        came = packets(stream, len(file) + 15)

    assert bodies(came) == bodies(file + file[:15])
    span = len(file) * FRAME_TICKS
    due = [packet.pts + lap * span for lap in (0, 1) for packet in file if packet.pts is not None]
    # FFmpeg knows no time for the first packet; from the second on, all agree.
    steps = [after - before for before, after in itertools.pairwise(due[1 : len(came)])]
    times = [packet.pts for packet in came[1:] if packet.pts is not None]
    assert [after - before for before, after in itertools.pairwise(times)] == steps


def test_the_pictures_are_whole_and_follow_one_another(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, watching(camera.url) as stream:
        assert numbers(stream, 60) == [number % 50 for number in range(60)]


@pytest.mark.needs("ffmpeg")
def test_ffmpeg_decodes_the_same_pictures_from_the_camera_as_from_the_file(
    small_clip: Path,
) -> None:
    def pictures(source: str, *options: str) -> list[str]:
        command = [
            FFMPEG,
            "-v",
            "error",
            *options,
            "-i",
            source,
            "-frames:v",
            "40",
            "-f",
            "framemd5",
        ]
        made = subprocess.run(
            [*command, "-f", "framemd5", "-"],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        lines = [line for line in made.stdout.splitlines() if not line.startswith("#")]
        return [line.rpartition(",")[2].strip() for line in lines]

    with rtsp_camera(small_clip) as camera:
        from_camera = pictures(camera.url, "-rtsp_transport", "tcp")

    assert len(from_camera) == 40
    assert from_camera == pictures(str(small_clip))


@pytest.mark.needs("ffmpeg")
def test_ffprobe_sees_both_tracks(card_clip: CardClip) -> None:
    with rtsp_camera(card_clip(replace(SMALL, with_audio=True))) as camera:
        probed = subprocess.run(
            [FFPROBE, "-v", "error", "-show_streams", "-of", "json", camera.url],
            check=True,
            capture_output=True,
            timeout=30,
        )

    streams = json.loads(probed.stdout)["streams"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac"]
    assert (streams[0]["width"], streams[0]["height"]) == (320, 180)
    assert streams[1]["sample_rate"] == "48000"


def test_audio_comes_as_it_is_in_the_file(card_clip: CardClip) -> None:
    clip = card_clip(replace(SMALL, with_audio=True))
    with av.open(clip) as container:
        blocks = [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    with rtsp_camera(clip) as camera, watching(camera.url) as stream:
        came = [bytes(packet) for packet in itertools.islice(stream.demux(audio=0), 60)]

    # The encoder's first block lies before the video's beginning: there it is cut.
    begin = blocks.index(came[0])
    assert begin <= 1
    assert came == blocks[begin : begin + 60]


@pytest.mark.parametrize("scheme", Scheme)
def test_asks_for_user_and_password(small_clip: Path, scheme: Scheme) -> None:
    with rtsp_camera(small_clip, auth=("us er", "p@ss:w/rd"), scheme=scheme) as camera:
        with watching(camera.url) as stream:
            assert numbers(stream, 3) == [0, 1, 2]
        for refused in (camera.url_for("us er", "wrong"), camera.bare_url):
            with pytest.raises(av.error.HTTPUnauthorizedError), watching(refused):
                pass


def test_all_clients_see_the_same_moment_from_a_keyframe_on(card_clip: CardClip) -> None:
    clip = card_clip(replace(SMALL, length_s=20.0))
    with (
        rtsp_camera(clip, from_start=False) as camera,
        watching(camera.url) as early,
    ):
        watched = numbers(early, 30)
        with watching(camera.url) as late:
            begin = numbers(late, 1)[0]

    assert watched == list(range(30))
    assert begin is not None
    assert begin >= 20
    assert begin % 10 == 0


def test_tells_the_time_of_its_pictures(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, RawClient(camera.url) as client:
        before_s = time.time()
        client.play()
        channel, report = next(packet for packet in client.interleaved() if packet[0] == 1)
        after_s = time.time()

    seconds, fraction = struct.unpack(">II", report[8:16])
    assert (channel, report[1]) == (1, 200)
    assert before_s - 0.01 <= seconds - 2_208_988_800 + fraction / 2**32 <= after_s


def test_sequence_numbers_and_stamps_begin_where_play_said(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, RawClient(camera.url) as client:
        info = client.play().headers["rtp-info"]
        sent = [
            packet for channel, packet in itertools.islice(client.interleaved(), 40) if not channel
        ]

    said = dict(part.partition("=")[::2] for part in info.split(";"))
    sequences = [struct.unpack(">H", packet[2:4])[0] for packet in sent]
    assert sequences == [(int(said["seq"]) + n) & 0xFFFF for n in range(len(sent))]
    assert struct.unpack(">I", sent[0][4:8])[0] == int(said["rtptime"])


def test_a_client_that_does_not_read_is_dropped_and_disturbs_nobody(card_clip: CardClip) -> None:
    # Given a camera whose pictures are noise, so that there is much to send
    clip = card_clip(replace(SMALL, size_wh=(640, 360), length_s=1.0, noise=60.0, crf=8))
    with (
        rtsp_camera(clip, max_unsent_bytes=65_536) as camera,
        RawClient(camera.url, receive_buffer_bytes=4096) as slow,
        watching(camera.url) as stream,
    ):
        # When one client plays and reads nothing
        slow.play()
        gone = select.poll()
        gone.register(slow.socket, select.POLLHUP)

        # Then it is cut off, and the other misses nothing
        file = in_file(clip)
        seen = [packets(stream, 25)]
        deadline_s = time.monotonic() + 10
        while not gone.poll(0) and time.monotonic() < deadline_s:
            seen.append(packets(stream, 25))
        assert gone.poll(0)
        assert all(bodies(each) == bodies(file) for each in seen)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("DESCRIBE", "/", {}, 200),
        ("OPTIONS", "", {}, 200),
        ("DESCRIBE", "", {}, 200),
        ("DESCRIBE", "/track0/../../etc/passwd", {}, 404),
        ("DESCRIBE", "-no-such-camera", {}, 404),
        ("SETUP", "/track0", {"Transport": "RTP/AVP;multicast"}, 461),
        ("SETUP", "/track9", {"Transport": "RTP/AVP/TCP"}, 404),
        ("SETUP", "/trackX", {"Transport": "RTP/AVP/TCP"}, 404),
        ("SETUP", "", {"Transport": "RTP/AVP/TCP"}, 404),
        ("PLAY", "", {}, 454),
        ("PLAY", "", {"Session": "another"}, 454),
        ("TEARDOWN", "", {}, 454),
        ("RECORD", "", {}, 405),
        ("ANNOUNCE", "", {}, 405),
    ],
)
def test_answers_each_request_with_its_status(
    plain_camera: CameraProcess, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    with RawClient(plain_camera.url) as client:
        assert client.ask(method, path, **headers).status == status


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"DESCRIBE rtsp://h/street RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        b"A" * 70_000,
    ],
)
def test_what_is_no_rtsp_is_refused_and_ends(plain_camera: CameraProcess, raw: bytes) -> None:
    with RawClient(plain_camera.url) as client:
        client.say(raw)

        assert client.reply().status == 400
        assert client.is_at_end()

    with RawClient(plain_camera.url) as client:
        assert client.ask("OPTIONS").status == 200


def test_a_session_lives_while_it_plays_and_ends_with_teardown(
    plain_camera: CameraProcess,
) -> None:
    with RawClient(plain_camera.url) as client:
        session = client.play().headers["session"]

        assert client.ask("SETUP", "/track0", Transport="RTP/AVP/TCP").status == 455
        assert client.ask("GET_PARAMETER", Session=session).status == 200
        assert client.ask("TEARDOWN", Session=session).status == 200
        assert client.is_at_end()


def test_a_client_may_report_while_it_plays(plain_camera: CameraProcess) -> None:
    with RawClient(plain_camera.url) as client:
        session = client.play().headers["session"]
        client.say(b"$\x01\x00\x08\x80\xc9\x00\x01\x00\x00\x00\x01")

        assert client.ask("OPTIONS", Session=session).status == 200


def test_nothing_is_left_when_its_clients_have_gone(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        process = psutil.Process(camera.pid)
        before = process.num_fds()
        for transport in TRANSPORTS:
            with watching(camera.url, transport=transport) as stream:
                packets(stream, 3)
                assert process.num_fds() > before

        wait_until(lambda: process.num_fds() == before)
