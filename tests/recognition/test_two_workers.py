"""Two real workers on a real Valkey share the cameras; when one is killed, the other has them."""

import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from standalone.servers.valkey import EmbeddedValkey
from tests.recognition.pool import (
    CAMERAS,
    STARTED_S,
    TAKEN_OVER_S,
    Cameras,
    Viewer,
    a_worker,
    pid_of,
    shares,
)
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId
from vigil.messages import RecognitionStatus


def test_a_killed_workers_cameras_are_taken_over_within_5_s(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    with ExitStack() as running:
        running.enter_context(Cameras(valkey.url))
        workers = [
            running.enter_context(a_worker(valkey.url, tmp_path / name)) for name in ("a", "b")
        ]
        # Given two that share the cameras
        wait_until(lambda: len(shares(viewer)) == 2, timeout_s=STARTED_S)
        wait_until(lambda: len(viewer.stamps()) == len(CAMERAS))

        # When the one that owns most is killed
        owners = viewer.owners()
        pids = [pid_of(owner) for owner in owners.values()]
        victim = max(workers, key=lambda worker: pids.count(worker.pid))
        orphans = {each for each, owner in owners.items() if pid_of(owner) == victim.pid}
        before = viewer.epochs()
        victim.kill()
        victim.wait()
        last = viewer.stamps()

        # Then each of its cameras has a newer picture soon, under a greater epoch
        def taken_over() -> bool:
            now = viewer.stamps()
            return all(each in now and now[each].order > last[each].order for each in orphans)

        assert orphans
        wait_until(taken_over, timeout_s=TAKEN_OVER_S)
        wait_until(lambda: victim.pid not in shares(viewer) and len(shares(viewer)) == 1)
        assert all(viewer.epochs()[each] > before[each] for each in orphans)


def test_a_stopped_workers_cameras_go_to_the_other_at_once(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    with ExitStack() as running:
        running.enter_context(Cameras(valkey.url))
        first = running.enter_context(a_worker(valkey.url, tmp_path / "a"))
        second = running.enter_context(a_worker(valkey.url, tmp_path / "b"))
        wait_until(lambda: len(shares(viewer)) == 2, timeout_s=STARTED_S)

        first.terminate()

        wait_until(lambda: shares(viewer) == {second.pid}, timeout_s=TAKEN_OVER_S)
        assert first.wait(timeout=10) == 0


def test_every_frame_is_annotated_while_it_is_new(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    with ExitStack() as running:
        cameras = running.enter_context(Cameras(valkey.url))
        running.enter_context(a_worker(valkey.url, tmp_path / "a"))
        wait_until(lambda: len(viewer.stamps()) == len(CAMERAS), timeout_s=STARTED_S)
        bell = RedisFrameBell(viewer.redis, kind=keys.FrameKind.BOXED)
        running.callback(bell.close)
        bell.listen_to(CAMERAS)
        bell.wait(1.0)

        delays_s: dict[tuple[CameraId, int], float] = {}
        deadline_s = time.monotonic() + 15
        while len(delays_s) < 120 and time.monotonic() < deadline_s:
            bell.wait(1.0)
            now_s = time.monotonic()
            for camera_id, stamp in viewer.stamps().items():
                frame = (camera_id, stamp.sequence)
                delays_s.setdefault(frame, now_s - cameras.written_s[frame])
        statuses = RedisStatusBoard(
            viewer.redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        ).read(CAMERAS)
        inference_ms = statistics.median(status.inference_ms for status in statuses.values())

    # How fast is the bench's to say: other tests may have the cores now.
    assert len(delays_s) > 100
    assert max(delays_s.values()) < keys.FRAME_TTL_S
    assert inference_ms > 0
