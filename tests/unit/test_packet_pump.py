from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from typing_extensions import override

from camera_ctrl.ingest.pump import MAX_PACKET_BYTES, PAUSE_S, PacketPump, PumpState
from standalone.demo.clip import ClipFormat
from tests.builders import BEGINNING, CAMERA
from tests.cameras.clips import SMALL, CardClip
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import Backlog, BacklogLimits, Entry, Template
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable, CameraUnavailable
from vigil.media.template import MediaStream, reopened

GOP = 10
STEP_S = 0.04


class LeavingPacketLog(MemoryPacketLog):
    """A log that is away when the test says so, and counts who asked."""

    is_away = False
    asked = 0

    @override
    def append(
        self,
        camera_id: CameraId,
        packets: Sequence[Packet],
        *,
        template: Template,
        epoch: Epoch,
    ) -> Backlog:
        self.asked += 1
        if self.is_away:
            raise BusUnavailable("away")
        return super().append(camera_id, packets, template=template, epoch=epoch)


@dataclass(slots=True)
class Bench:
    """A pump on a real clip, whose packets come as they play."""

    clock: FakeClock
    leases: MemoryLeases
    log: LeavingPacketLog
    state: PumpState
    pump: PacketPump
    packets: Iterator["av.Packet[Any]"]

    def send(self, count: int = 1, *, every_s: float = STEP_S) -> None:
        for _ in range(count):
            self.pump.put(next(self.packets))
            self.clock.advance(every_s)

    def entries(self) -> list[Entry]:
        return self.log.read({CAMERA: BEGINNING}, limit=10_000).get(CAMERA, [])

    def on_bus(self) -> list[Packet]:
        return [entry.packet for entry in self.entries()]

    def numbers(self) -> list[int]:
        """Return which of the clip's frames are on the bus."""
        return [round(packet.pts * packet.time_base / STEP_S) for packet in self.on_bus()]


OpenBench = Callable[..., Bench]


@pytest.fixture
def opened() -> Iterator[OpenBench]:
    containers = []

    def bench(path: Path, *, hold_s: float = 0.0) -> Bench:
        container = av.open(path)
        containers.append(container)
        streams: list[MediaStream] = [container.streams.video[0], *container.streams.audio[:1]]
        clock = FakeClock()
        leases = MemoryLeases(clock)
        log = LeavingPacketLog(leases, clock, limits=BacklogLimits())
        epoch = leases.acquire(CAMERA, "me", ttl_s=3.0, last_seen=Epoch(0))
        assert epoch is not None
        state = PumpState(epoch, hold_s)
        pump = PacketPump(
            CAMERA,
            streams,
            state=state,
            packets=log,
            clock=clock,
            # Else the first second waits for its times.
            may_burst=not hold_s,
        )
        return Bench(clock, leases, log, state, pump, container.demux(streams))

    yield bench
    for container in containers:
        container.close()


def packets_of(path: Path) -> list["av.Packet[Any]"]:
    with closing(av.open(path)) as container:
        return [packet for packet in container.demux() if packet.size]


def test_puts_every_packet_on_the_bus_as_the_camera_sent_it(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)

    bench.send(51)  # The last says that it was all.

    sent = packets_of(small_clip)
    assert [(each.pts, each.dts, each.duration, each.is_keyframe) for each in bench.on_bus()] == [
        (each.pts, each.dts, each.duration, each.is_keyframe) for each in sent
    ]
    assert [each.data for each in bench.on_bus()] == [bytes(each) for each in sent]
    assert bench.state.dropped == 0


def test_stamps_packets_by_the_cameras_steps_under_one_anchor(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    began_us = bench.clock.utc_us()

    bench.send(51)

    assert [each.captured_at_us for each in bench.on_bus()] == [
        began_us + number * 40_000 for number in range(50)
    ]
    assert {each.anchor_us for each in bench.on_bus()} == {began_us}


def test_what_the_template_opens_decodes_the_packets(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.send(51)
    template = bench.log.template(CAMERA, bench.on_bus()[0].template_id)
    assert template is not None

    with reopened(template) as container:
        context = container.streams.video[0].codec_context
        frames = [
            frame for each in bench.on_bus() for frame in context.decode(av.Packet(each.data))
        ]
        frames += context.decode(None)

    assert len(frames) == 50
    assert (frames[0].width, frames[0].height) == SMALL.size_wh


def test_begins_at_a_keyframe(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    for _ in range(3):
        next(bench.packets)

    bench.send(48)

    assert bench.numbers() == list(range(GOP, 50))
    assert bench.on_bus()[0].is_keyframe


def test_gives_a_first_packet_without_times_the_step_before_the_second(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    first = next(bench.packets)
    first.pts = first.dts = None

    assert bench.pump.put(first)
    bench.send(50)

    assert [each.pts for each in bench.on_bus()] == [each.pts for each in packets_of(small_clip)]
    assert bench.on_bus()[0].is_keyframe


def test_what_ffmpeg_had_read_before_stands_in_the_past(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)

    # Given 25 packets at once, which took a second to be filmed, and 25 as they play
    bench.send(25, every_s=0.0)
    bench.clock.advance(STEP_S)
    newest_us = bench.clock.utc_us()
    bench.send(26)

    assert [each.captured_at_us for each in bench.on_bus()] == [
        newest_us + (number - 25) * 40_000 for number in range(50)
    ]


def test_resumes_at_a_keyframe_with_a_new_anchor_after_the_bus_was_away(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.send(14)

    # Given that the bus is away while packets 14 to 16 come
    bench.log.is_away = True
    bench.send(3)
    bench.log.is_away = False
    bench.send(34)

    # Then it was asked again after a pause, and what follows begins at a keyframe
    assert pytest.approx(12.5 * STEP_S) == PAUSE_S
    assert bench.numbers() == [*range(14), *range(30, 50)]
    assert len({each.anchor_us for each in bench.on_bus()}) == 2
    assert bench.on_bus()[14].is_keyframe
    assert bench.on_bus()[14].anchor_us == bench.on_bus()[14].captured_at_us


def test_asks_a_bus_that_is_away_twice_a_second_at_most(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.log.is_away = True

    bench.send(50)

    assert bench.on_bus() == []
    assert 1 <= bench.log.asked <= 4
    assert bench.state.dropped >= bench.log.asked


def test_writes_nothing_after_its_lease_was_lost_until_it_has_a_new_epoch(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.send(14)
    old = bench.state.epoch

    # Given that another took the camera
    bench.clock.advance(5.0)
    bench.leases.acquire(CAMERA, "another", ttl_s=0.1, last_seen=Epoch(0))
    asked = bench.log.asked
    bench.send(12)

    # Then one write was refused, and no other tried
    assert bench.state.lost_epoch == old
    assert bench.log.asked == asked + 1
    assert bench.numbers() == list(range(14))

    # When the camera is ours again
    epoch = bench.leases.acquire(CAMERA, "me", ttl_s=60.0, last_seen=Epoch(0))
    assert epoch is not None
    bench.state.epoch = epoch
    bench.send(25)

    # Then it goes on at the newest keyframe, whose packets still waited, with a new anchor
    assert bench.numbers() == [*range(14), *range(20, 50)]
    assert len({each.anchor_us for each in bench.on_bus()}) == 2


def test_sound_goes_along_in_its_order_under_the_anchor_of_the_video(
    opened: OpenBench, card_clip: CardClip
) -> None:
    path = card_clip(replace(SMALL, with_audio=True))
    bench = opened(path)
    sent = packets_of(path)

    # Each packet comes when the one before was played
    bench.send(1)
    for before, packet in pairwise(sent):
        assert before.dts is not None
        assert packet.dts is not None
        gone = packet.dts * packet.time_base - before.dts * before.time_base
        bench.clock.advance(max(0.0, float(gone)))
        bench.send(1, every_s=0.0)
    bench.send(2)

    # The encoder's first block of sound lies before the video, and is left out.
    on_bus = bench.on_bus()
    assert [each.data for each in on_bus] == [bytes(each) for each in sent[1:]]
    assert {each.stream_index for each in on_bus} == {0, 1}
    assert len({each.anchor_us for each in on_bus}) == 1
    began = on_bus[0]
    for each in on_bus:
        played_s = each.pts * each.time_base - began.pts * began.time_base
        assert (each.captured_at_us - began.captured_at_us) / 1e6 == pytest.approx(
            float(played_s), abs=1e-4
        )


def test_shows_the_first_picture_of_a_slow_camera_at_once(
    opened: OpenBench, card_clip: CardClip
) -> None:
    bench = opened(card_clip(ClipFormat(size_wh=(320, 180), fps=Fraction(1, 2), length_s=6.0)))

    bench.send(1)

    assert len(bench.on_bus()) == 1


@pytest.mark.parametrize(("beyond_bytes", "is_taken"), [(0, True), (1, False)])
def test_a_packet_beyond_the_bound_is_refused_in_words(
    beyond_bytes: int, is_taken: bool, opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    sent = next(bench.packets)
    packet: av.Packet[Any] = av.Packet(bytes(sent).ljust(MAX_PACKET_BYTES + beyond_bytes, b"\0"))
    packet.pts, packet.dts, packet.time_base = sent.pts, sent.dts, sent.time_base
    packet.stream, packet.is_keyframe = sent.stream, True

    if is_taken:
        assert bench.pump.put(packet)
        return
    with pytest.raises(CameraUnavailable, match="larger than the 24 MiB that we take"):
        bench.pump.put(packet)


#: How long a packet waits for the next: two of a camera at 25 frames a second go together.
HOLD_S = 0.06


def test_two_packets_that_come_soon_after_each_other_go_in_one_call(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip, hold_s=HOLD_S)

    # The first is a keyframe, on which readers wait; of a GOP of ten the last is alone
    bench.send(1)
    assert (bench.numbers(), bench.log.asked) == ([0], 1)
    bench.send(1)
    assert bench.numbers() == [0]
    bench.send(1)
    assert (bench.numbers(), bench.log.asked) == ([0, 1, 2], 2)
    bench.send(8)

    assert (bench.numbers(), bench.log.asked) == (list(range(11)), 6)


@pytest.mark.parametrize(("every_s", "calls"), [(0.01, 4), (0.02, 6), (0.04, 10), (0.07, 20)])
def test_no_packet_waits_longer_than_it_may(
    opened: OpenBench, small_clip: Path, every_s: float, calls: int
) -> None:
    bench = opened(small_clip, hold_s=HOLD_S)

    for sent in range(1, 21):
        bench.send(1, every_s=every_s)
        # The oldest that waits came this long before the newest
        assert (sent - len(bench.on_bus()) - 1) * every_s <= HOLD_S

    assert bench.log.asked == calls


def test_what_waits_goes_on_the_bus_when_the_connection_ends(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip, hold_s=HOLD_S)
    bench.send(4)
    assert bench.numbers() == [0, 1, 2]

    bench.pump.end()
    bench.pump.end()

    assert bench.numbers() == [0, 1, 2, 3]


def test_what_has_no_stamp_yet_goes_on_the_bus_when_the_connection_ends(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.send(4)
    assert bench.numbers() == []

    bench.pump.end()

    assert bench.numbers() == [0, 1, 2, 3]


def test_packets_that_waited_in_vain_are_dropped_up_to_the_next_keyframe(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip, hold_s=HOLD_S)
    bench.send(4)

    bench.log.is_away = True
    bench.send(1)
    bench.log.is_away = False
    bench.clock.advance(PAUSE_S)
    bench.send(20)

    # 3 and 4 were lost; 5 to 9 refer to them
    assert bench.numbers()[:6] == [0, 1, 2, 10, 11, 12]
    assert bench.state.dropped == 2
