"""Each fault does what it says, and is over when it is switched off."""

import contextlib
import itertools
import struct
from dataclasses import replace
from pathlib import Path

import av
import pytest
from av.error import FFmpegError

from standalone.demo.rtsp.nal import VideoCodec, nal_type
from tests.cameras import CameraProcess, Fault, rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.raw_client import RawClient
from tests.cameras.viewer import number_of, numbers, packets, watching
from tests.waiting import wait_until


def begins(camera: CameraProcess) -> bool:
    """Return whether somebody who comes now is shown the clip."""
    try:
        with watching(camera.url, patience_s=1.0) as stream:
            return numbers(stream, 2) == [0, 1]
    except (FFmpegError, OSError):
        return False


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.FREEZE, TimeoutError),
        # FFmpeg finds no answer invalid, once it has waited for it.
        (Fault.SILENT, av.error.InvalidDataError),
        (Fault.REFUSE, ConnectionRefusedError),
        (Fault.BABBLE, FFmpegError),
        (Fault.DENY, av.error.HTTPUnauthorizedError),
    ],
)
def test_who_comes_during_a_fault_is_told_so_and_served_after_it(
    small_clip: Path, fault: Fault, error: type[Exception]
) -> None:
    with rtsp_camera(small_clip, auth=("user", "secret")) as camera:
        camera.fault(fault)
        with pytest.raises(error), watching(camera.url, patience_s=1.0) as stream:
            packets(stream, 1)

        camera.fault(Fault.NONE)
        assert begins(camera)


@pytest.mark.parametrize("fault", [Fault.FREEZE, Fault.SILENT])
def test_a_frozen_stream_stands_and_goes_on_where_time_has_come_to(
    small_clip: Path, fault: Fault
) -> None:
    with rtsp_camera(small_clip) as camera, RawClient(camera.url) as client:
        client.play()
        next(client.interleaved())
        camera.fault(fault)
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            list(client.interleaved())

        # Only a new connection can read again: a buffered reader is spoilt by its timeout.
        camera.fault(Fault.NONE)
        assert client.socket.recv(1)


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.REFUSE, Fault.DENY, Fault.BABBLE, Fault.FLAP])
def test_a_stream_that_runs_is_cut_off(small_clip: Path, fault: Fault) -> None:
    with rtsp_camera(small_clip) as camera, RawClient(camera.url) as client:
        client.play()
        camera.fault(fault)

        with contextlib.suppress(ConnectionResetError):
            list(client.interleaved())


def test_after_a_cut_the_next_connection_is_served(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera.fault(Fault.CLOSE)

        assert begins(camera)


def test_a_flapping_camera_is_there_and_away_and_there(small_clip: Path) -> None:
    def is_there() -> bool:
        try:
            with RawClient(camera.url) as client:
                return client.ask("OPTIONS").status == 200
        except ConnectionError:
            return False

    with rtsp_camera(small_clip) as camera:
        camera.fault(Fault.FLAP)
        for _ in range(2):
            wait_until(lambda: not is_there(), timeout_s=3.0)
            wait_until(is_there, timeout_s=3.0)

        camera.fault(Fault.NONE)
        assert begins(camera)


def test_lost_packets_leave_gaps_in_the_sequence(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera.fault(Fault.DROP)
        with RawClient(camera.url) as client:
            client.play()
            sent = [packet for channel, packet in itertools.islice(client.interleaved(), 40)]

    sequences = [struct.unpack(">H", packet[2:4])[0] for packet in sent if packet[1] != 200]
    steps = [(after - before) & 0xFFFF for before, after in itertools.pairwise(sequences)]
    assert max(steps) > 1
    assert steps.count(1) > len(steps) / 2


def test_garbage_is_framed_well_and_is_no_video(small_clip: Path) -> None:
    def types(camera: CameraProcess) -> set[int]:
        with RawClient(camera.url) as client:
            client.play()
            came = itertools.islice(client.interleaved(), 30)
            return {
                nal_type(VideoCodec.H264, packet[12:]) for channel, packet in came if not channel
            }

    with rtsp_camera(small_clip) as camera:
        assert types(camera) <= {1, 5, 6, 7, 8}
        camera.fault(Fault.GARBAGE)
        assert len(types(camera)) > 8


def test_the_clip_changes_its_size_in_mid_stream(card_clip: CardClip) -> None:
    small, large = card_clip(SMALL), card_clip(replace(SMALL, size_wh=(480, 270)))

    with rtsp_camera(small) as camera, watching(camera.url) as stream:
        frames = stream.decode(video=0)
        assert next(frames).width == 320
        camera.show(large)
        changed = next(frame for frame in itertools.islice(frames, 100) if frame.width == 480)
        assert number_of(changed) == 0
        assert number_of(next(frames)) == 1


def test_a_camera_whose_plug_was_pulled_comes_back_at_its_address(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        url = camera.url
        camera.kill()
        assert not begins(camera)

        camera.start()
        assert camera.url == url
        assert begins(camera)
