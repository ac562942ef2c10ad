"""A street on a real Redis: a camera that sends what it is told, and recorders that die."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from recorder.footage.marks import MarkFile
from tests.builders import a_camera
from tests.footage import Footage
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

CAMERA = CameraId(7)
ROOT = Path(__file__).parents[2]
SECRET = "a secret of forty characters, for tests.."
#: Longer than what two files may hold both; it is sent again and again.
CLIP_S = 20
#: What is sent at one moment.
TOGETHER_S = 0.12
START_S = 30.0


class Street:
    """A camera that sends its clip again and again, in real time, and the recorders of it.

    Attributes:
        count: How many pictures were sent.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        sent: Footage,
        *,
        with_audio: bool = False,
        round_s: int = CLIP_S,
    ) -> None:
        self.url, self.folder, self.sent, self._round_s = url, folder, sent, round_s
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
                at_s = rounds * self._round_s + moment * TOGETHER_S
                if self._stop.wait(max(0.0, began_us / 1e6 + at_s - time.time())):
                    return
                packets = [self._sent_as(each.packet, rounds, began_us) for each in entries]
                self._packets.append(
                    CAMERA, packets, template=self.sent.template, epoch=self._epoch
                )
                self.count += sum(packet.stream_index == 0 for packet in packets)

    def _sent_as(self, packet: Packet, rounds: int, began_us: int) -> Packet:
        """Return a packet as it is sent in a round."""
        later = round(rounds * self._round_s / packet.time_base)
        within_us = packet.captured_at_us - self.sent.entries[0].packet.captured_at_us
        return replace(
            packet,
            dts=packet.dts + later,
            pts=packet.pts + later,
            anchor_us=began_us,
            captured_at_us=began_us + within_us + rounds * self._round_s * MICROSECONDS,
        )

    def begin(self) -> None:
        self._thread.start()

    def stop_sending(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def footage(self) -> Path:
        return self.folder / "footage"

    @property
    def recorder_pid(self) -> int:
        assert self._recorder is not None
        return self._recorder.pid

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
