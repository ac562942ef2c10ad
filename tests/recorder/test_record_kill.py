"""Recorders that are killed, at any moment, lose no packet that is still in Redis."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import redis

from bench.programs.deadly_recorder import POINTS, REPAIRED
from bench.true_packets import as_one, in_order, missing_of
from recorder.footage.marks import MarkFile
from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_camera
from tests.footage import Footage, footage_of
from tests.recorder.clips import FPS, frames_in, make_clip, payloads_of
from tests.recorder.sounds import SOUNDS, audio_payloads_of, make_sounding_clip
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect, connect_single
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.base import BacklogLimits, Entry
from vigil.bus.packets.redis import RedisPacketLog
from vigil.camera_document import ConfigHead, RecordingMode
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.facts import GapFact, SegmentDeleted, SegmentFact, decode_fact

CAMERA = CameraId(7)
ROOT = Path(__file__).parents[2]
SECRET = "a secret of forty characters, for tests.."
KILLS = 8
#: Longer than what two files may hold both; it is sent again and again.
CLIP_S = 20
#: ... and longer than all kills of one that is not.
SOUNDING_S = 90
#: What is sent at one moment.
TOGETHER_S = 0.12
START_S = 30.0


class Street:
    """A camera that sends its clip again and again, in real time, and the recorders of it.

    Attributes:
        count: How many pictures were sent.
    """

    def __init__(self, url: str, folder: Path, sent: Footage, *, with_audio: bool = False) -> None:
        self.url, self.folder, self.sent = url, folder, sent
        self.redis = connect(url)
        self._packets = RedisPacketLog(self.redis, limits=BacklogLimits())
        epoch = RedisLeases(self.redis, role=keys.Role.INGEST).acquire(
            CAMERA, "test", ttl_s=10**6, last_seen=Epoch(0)
        )
        assert epoch is not None
        self._epoch = epoch
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.count = 0
        self._recorder: subprocess.Popen[bytes] | None = None
        RedisCameraConfigStore(connect_single(url)).publish(
            ConfigHead(generation=1, camera_ids=(CAMERA,)),
            changed=[a_camera(CAMERA, recording=RecordingMode.CONTINUOUS, record_audio=with_audio)],
            removed=[],
        )

    def _send(self) -> None:
        """Send the clip at its own pace, as if it were captured now."""
        began_us = time.time_ns() // 1000
        for rounds in itertools.count():
            for moment, entries in itertools.groupby(self.sent.entries, key=_moment):
                at_s = rounds * CLIP_S + moment * TOGETHER_S
                if self._stop.wait(max(0.0, began_us / 1e6 + at_s - time.time())):
                    return
                packets = [self._sent_as(each.packet, rounds, began_us) for each in entries]
                self._packets.append(
                    CAMERA, packets, template=self.sent.template, epoch=self._epoch
                )
                self.count += sum(packet.stream_index == 0 for packet in packets)

    def _sent_as(self, packet: Packet, rounds: int, began_us: int) -> Packet:
        """Return a packet as it is sent in a round."""
        later = round(rounds * CLIP_S / packet.time_base)
        within_us = packet.captured_at_us - self.sent.entries[0].packet.captured_at_us
        return replace(
            packet,
            dts=packet.dts + later,
            pts=packet.pts + later,
            anchor_us=began_us,
            captured_at_us=began_us + within_us + rounds * CLIP_S * MICROSECONDS,
        )

    def begin(self) -> None:
        self._thread.start()

    def stop_sending(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def footage(self) -> Path:
        return self.folder / "footage"

    def start(self, *fate: str, **settings: str) -> None:
        """Start a recorder; its fate: at which point it dies, and at the how manieth time."""
        module = ("bench.programs.deadly_recorder", *fate) if fate else ("vigil", "record")
        self._recorder = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env={
                **os.environ,
                "REDIS_URL": self.url,
                "SECRET_KEY": SECRET,
                "VIGIL_HOME": str(self.folder),
                "SEGMENT_S": "3",
                "FOOTAGE_RESERVE_BYTES": "0",
                **settings,
            },
        )

    def end(self, how: signal.Signals) -> None:
        assert self._recorder is not None
        self._recorder.send_signal(how)
        self._recorder.wait(15)

    def has_died(self) -> bool:
        return self._recorder is not None and self._recorder.poll() is not None

    def is_safe(self) -> bool:
        """Return whether all that was sent is on disk: who sends no more has a whole file."""
        mark = MarkFile(self.footage / str(CAMERA)).read()
        # Of the last picture and the last sound either may be the later one.
        newest = self.redis.xrevrange(keys.packets(CAMERA), count=3) or []
        return mark is not None and mark.entry.encode() in [entry_id for entry_id, _ in newest]

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._recorder is not None and self._recorder.poll() is None:
            self._recorder.kill()
            self._recorder.wait()
        self.redis.close()


def _moment(entry: Entry) -> int:
    """Return which of the moments a packet is sent at, by its dts."""
    return int(entry.packet.dts * entry.packet.time_base / Fraction(TOGETHER_S).limit_denominator())


@pytest.fixture(params=["h264", "h265 with B-frames"])
def street(
    request: pytest.FixtureRequest, valkey: EmbeddedValkey, tmp_path: Path
) -> Iterator[Street]:
    kind: dict[str, Any] = {"b_frames": 2, "codec": "libx265"} if "h265" in request.param else {}
    clip = make_clip(tmp_path / "clip.mp4", seconds=CLIP_S, gop=2 * FPS, **kind)
    it = Street(valkey.url, tmp_path / "home", footage_of(clip))
    yield it
    it.close()


@pytest.mark.soak
def test_no_packet_is_lost_by_kills(street: Street, soak_s: float) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # Who repeats a failure needs it.
    rng, until_s = random.Random(seed), time.monotonic() + soak_s
    street.begin()
    street.start()
    wait_until(lambda: any(street.footage.rglob("*.mp4")), timeout_s=START_S)
    for number in itertools.count():
        if number >= KILLS and time.monotonic() > until_s:
            break
        # The moment is what is tried: there is no condition to wait for.
        time.sleep(rng.uniform(0.3, 2.0))
        street.end(signal.SIGKILL)
        street.start()
    _require_whole(street)


def test_no_sound_is_lost_by_kills(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    clip = make_sounding_clip(tmp_path, SOUNDS["AAC"], seconds=SOUNDING_S, gop=2 * FPS)
    street = Street(valkey.url, tmp_path / "home", footage_of(clip), with_audio=True)
    try:
        street.begin()
        street.start()
        wait_until(lambda: any(street.footage.rglob("*.mp4")), timeout_s=START_S)
        seed = random.randrange(2**32)
        print(f"seed {seed}")  # noqa: T201  # As above.
        rng = random.Random(seed)
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.3, 2.0))
            street.end(signal.SIGKILL)
            street.start()
        _require_whole(street)
    finally:
        street.close()

    files = sorted(street.footage.rglob("*.mp4"), key=in_order)
    heard = {payload for path in files for payload in audio_payloads_of(path)}
    shown = [each.packet for each in street.sent.entries if not each.packet.stream_index]
    first_s, last_s = (
        float(shown[number].pts * shown[number].time_base)
        for number in (street.count - len(_recorded(files)), street.count - 1)
    )
    sent = [each.packet for each in street.sent.entries if each.packet.stream_index]
    missing = [
        packet.pts
        for packet in sent
        if first_s <= packet.pts * packet.time_base <= last_s - 2 * TOGETHER_S
        and packet.data not in heard
    ]
    assert missing == []


@pytest.mark.timeout(300)
def test_no_packet_is_lost_by_a_kill_at_any_point_of_the_write_cycle(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=CLIP_S, gop=2 * FPS, b_frames=2)
    street = Street(valkey.url, tmp_path / "home", footage_of(clip))
    try:
        street.begin()
        for point in POINTS:
            street.start(point, "1" if point == REPAIRED else "2")
            wait_until(street.has_died, timeout_s=START_S)
            street.end(signal.SIGKILL)
        street.start()
        _require_whole(street)
    finally:
        street.close()


def _require_whole(street: Street) -> None:
    """Refuse footage that lacks a packet, a file that does not play, and a gap that was told."""
    # What the last one left is gone on with, and more than was sent until now is safe.
    sent = street.count
    wait_until(lambda: street.count > sent + 3 * FPS, timeout_s=START_S)
    street.stop_sending()
    wait_until(street.is_safe, timeout_s=START_S)
    street.end(signal.SIGTERM)

    files = sorted(street.footage.rglob("*.mp4"), key=in_order)
    recorded = _recorded(files)
    clip = [each.packet.data for each in street.sent.entries if each.packet.stream_index == 0]
    assert missing_of(recorded, clip) == 0
    # It began at a keyframe, with the newest that was there
    assert street.count - 3 * FPS < len(recorded) <= street.count
    for path in files:
        assert frames_in(path) > 0
    with redis.Redis.from_url(street.url) as queue:
        facts = [fact for _, entry in queue.xrange(keys.facts()) for fact in entry.values()]
    told = [decode_fact(fact) for fact in facts]
    assert not [each for each in told if isinstance(each, GapFact)]
    there = dict[str, bool]()
    for fact in told:
        # The name of a file that is gone may be given again.
        if isinstance(fact, SegmentFact | SegmentDeleted):
            there[fact.path] = isinstance(fact, SegmentFact)
    assert {path for path, is_there in there.items() if is_there} == {
        str(path.relative_to(street.footage)) for path in files
    }


def _recorded(files: Sequence[Path]) -> list[bytes]:
    return as_one([payloads_of(path) for path in files])
