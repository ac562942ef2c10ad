"""Recorders that are killed, at any moment, lose no packet that is still in Redis."""

import itertools
import random
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from bench.programs.deadly_recorder import POINTS, REPAIRED
from bench.true_packets import as_one, in_order, missing_of
from standalone.servers.valkey import EmbeddedValkey
from tests.footage import footage_of
from tests.recorder.clips import FPS, frames_in, make_clip, payloads_of
from tests.recorder.sounds import SOUNDS, audio_payloads_of, make_sounding_clip
from tests.recorder.street import CLIP_S, START_S, TOGETHER_S, Street
from tests.waiting import wait_until
from vigil import keys
from vigil.facts import GapFact, SegmentDeleted, SegmentFact, decode_fact

KILLS = 8
#: Longer than all kills: it is sent once.
SOUNDING_S = 90


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
