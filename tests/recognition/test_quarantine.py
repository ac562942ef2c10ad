"""Frames that kill who looks at them: skipped, and their camera is looked at by a child alone."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from object_recognition.quarantine import END_S, MAX_LOOKERS
from standalone.servers.valkey import EmbeddedValkey
from tests.builders import CAMERA, OTHER_CAMERA
from tests.recognition.pool import CAMERAS, STARTED_S, BoxedFrames, Cameras, Viewer, a_worker
from tests.recognition.stage import Stage, a_basic_camera, a_picture
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.messages import RecognitionStatus

DEADLY, FINE = a_picture(250), a_picture(90)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.configure(a_basic_camera(CAMERA), a_basic_camera(OTHER_CAMERA))
    return stage


def let_die(stage: Stage, *frames: bytes, camera_id: CameraId = CAMERA) -> None:
    """Let a worker die over each of these frames of a camera."""
    for number, frame in enumerate(frames):
        dying = f"dying {number}"
        epoch = stage.recognition.acquire(camera_id, dying, ttl_s=60, last_seen=Epoch(0))
        assert epoch is not None
        worker = stage.another(dying)
        worker.follow({camera_id: epoch}, alive=[dying])
        stamp = FrameStamp(number, 0, epoch, 320, 240)
        assert worker.begin(camera_id, stamped(frame, stamp), epoch=epoch)
        stage.recognition.release(camera_id, epoch=epoch)


def status(stage: Stage, camera_id: CameraId = CAMERA) -> RecognitionStatus:
    stage.clock.advance(1.0)
    stage.worker.run_once()
    return stage.statuses.read([camera_id])[camera_id]


def test_a_frame_that_killed_is_skipped_and_the_next_is_looked_at(stage: Stage) -> None:
    let_die(stage, DEADLY)

    # Though it comes again with another stamp
    stage.write(CAMERA, 1, DEADLY)
    stage.worker.run_once()
    assert stage.stamp(CAMERA) is None

    stamp = stage.write(CAMERA, 2, FINE)
    stage.worker.run_once()
    assert stage.stamp(CAMERA) == stamp
    assert stage.lookers == []
    assert not status(stage).is_quarantined


def test_after_the_second_death_a_camera_is_looked_at_by_a_process_of_its_own(
    stage: Stage,
) -> None:
    let_die(stage, DEADLY, FINE)

    stage.write(CAMERA, 1, a_picture(30))
    other = stage.write(OTHER_CAMERA, 1, FINE)
    for _ in range(3):
        stage.worker.run_once()

    # Then we do not look at it, but at the others as ever
    [looker] = stage.lookers
    assert (looker.camera_id, looker.epoch) == (CAMERA, stage.keeper.held()[CAMERA])
    assert stage.stamp(CAMERA) is None
    assert stage.stamp(OTHER_CAMERA) == other


def test_a_process_that_died_is_started_again_later_and_later_and_that_is_said(
    stage: Stage,
) -> None:
    let_die(stage, DEADLY, FINE)
    stage.worker.run_once()

    # When it dies again and again, over looks in our name
    waits_s = []
    for number in range(6):
        epoch = stage.keeper.held()[CAMERA]
        stage.notes.begin(CAMERA, f"frame {number}", member="one", epoch=epoch)
        stage.lookers[-1].has_died = True
        stage.worker.run_once()
        begun_s, started = stage.clock.monotonic_s(), len(stage.lookers)
        while len(stage.lookers) == started:
            stage.clock.advance(0.5)
            stage.worker.run_once()
            said = stage.statuses.read([CAMERA]).get(CAMERA)
        waits_s.append(stage.clock.monotonic_s() - begun_s)

    assert waits_s[-1] > 4 * waits_s[0]
    assert said is not None
    assert said.is_quarantined
    assert said.error is not None
    assert said.error.startswith(
        "its pictures ended the process that looked at them 8 times: one of its own is started"
    )


def test_deaths_are_forgotten_an_hour_after_the_last(stage: Stage) -> None:
    let_die(stage, DEADLY, FINE)
    stage.worker.run_once()
    assert stage.lookers[0].is_alive()

    stage.clock.advance(keys.DEATHS_TTL_S)
    stamp = stage.write(CAMERA, 1, DEADLY)
    for _ in range(2):
        stage.worker.run_once()

    assert stage.lookers[0].was_ended
    assert stage.stamp(CAMERA) == stamp
    assert not status(stage).is_quarantined


def test_the_process_ends_with_our_lease_and_with_us(stage: Stage) -> None:
    for camera_id in (CAMERA, OTHER_CAMERA):
        let_die(stage, DEADLY, FINE, camera_id=camera_id)
    stage.worker.run_once()
    of = {each.camera_id: each for each in stage.lookers}

    stage.configure(a_basic_camera(OTHER_CAMERA))
    stage.worker.run_once()
    assert (of[CAMERA].is_alive(), of[OTHER_CAMERA].is_alive()) == (False, True)

    stage.worker.close()
    assert not of[OTHER_CAMERA].is_alive()


def test_nobody_waits_for_processes_that_take_their_time_to_end(stage: Stage) -> None:
    for camera_id in (CAMERA, OTHER_CAMERA):
        let_die(stage, DEADLY, FINE, camera_id=camera_id)
    stage.worker.run_once()
    for looker in stage.lookers:
        looker.is_busy = True

    # When both cameras are taken from us, all are asked, and none is waited for
    stage.configure()
    stage.worker.run_once()
    assert [(each.was_asked, each.was_ended) for each in stage.lookers] == [(True, False)] * 2

    # Then who is not done in time is killed
    stage.clock.advance(END_S)
    stage.worker.run_once()
    assert [each.was_ended for each in stage.lookers] == [True] * 2


def test_a_camera_that_is_pardoned_is_ours_when_its_process_has_ended(stage: Stage) -> None:
    let_die(stage, DEADLY, FINE)
    stage.worker.run_once()
    [looker] = stage.lookers
    looker.is_busy = True

    stage.clock.advance(keys.DEATHS_TTL_S)
    stamp = stage.write(CAMERA, 1, a_picture(30))
    for _ in range(2):
        stage.worker.run_once()
    assert stage.stamp(CAMERA) is None

    looker.is_busy = False
    stage.worker.run_once()
    assert looker.was_ended
    assert stage.stamp(CAMERA) == stamp


def test_another_process_is_started_when_the_one_before_has_ended(stage: Stage) -> None:
    let_die(stage, DEADLY, FINE)
    stage.worker.run_once()
    stage.lookers[0].is_busy = True

    # Given that our lease was lost and taken again
    epoch = stage.keeper.held()[CAMERA]
    stage.keeper.lost(CAMERA, epoch=epoch)
    stage.recognition.release(CAMERA, epoch=epoch)
    stage.clock.advance(1.0)
    stage.worker.run_once()
    assert stage.keeper.held()[CAMERA] != epoch
    assert stage.lookers[0].was_asked
    stage.clock.advance(0.5)
    stage.worker.run_once()
    assert len(stage.lookers) == 1

    stage.lookers[0].is_busy = False
    for _ in range(4):
        stage.worker.run_once()
        stage.clock.advance(0.5)
    assert [each.epoch for each in stage.lookers] == [epoch, stage.keeper.held()[CAMERA]]


def test_no_more_processes_than_a_machine_bears(stage: Stage) -> None:
    cameras = [a_basic_camera(number) for number in range(1, MAX_LOOKERS + 3)]
    stage.configure(*cameras)
    for camera in cameras:
        let_die(stage, DEADLY, FINE, camera_id=camera.id)

    stage.worker.run_once()

    assert len(stage.lookers) == MAX_LOOKERS
    waiting = {camera.id for camera in cameras} - {each.camera_id for each in stage.lookers}
    for camera_id in waiting:
        assert "waits" in (status(stage, camera_id).error or "")


@contextmanager
def restarted(
    url: str, home: Path, *, death: str = "crash"
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run a worker that a white picture kills, and start another each time it dies."""
    module = "tests.recognition.deadly_worker"
    lives: list[subprocess.Popen[bytes]] = []
    is_over = threading.Event()

    def keep_alive() -> None:
        while not is_over.is_set():
            with a_worker(url, home, module=module, DEATH=death, LOOK_TIMEOUT_S="2") as process:
                lives.append(process)
                while process.poll() is None and not is_over.wait(0.1):
                    pass

    thread = threading.Thread(target=keep_alive)
    thread.start()
    try:
        yield lives
    finally:
        is_over.set()
        thread.join()


@pytest.mark.timeout(240)
def test_a_camera_of_deadly_frames_kills_two_workers_and_then_only_processes_of_its_own(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    board = RedisStatusBoard(
        viewer.redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
    )

    def in_quarantine() -> set[CameraId]:
        return {each for each, said in board.read(CAMERAS).items() if said.is_quarantined}

    def died() -> int:
        return int(viewer.redis.hget(keys.deaths(CAMERAS[0]), "count") or 0)

    with ExitStack() as running:
        # Frames of one camera are all white, and no two are the same
        deadly = [a_picture(level, width=320 + 16 * n) for n in range(40) for level in (245, 250)]
        running.enter_context(Cameras(valkey.url, instead={CAMERAS[0]: deadly}))
        boxed = running.enter_context(BoxedFrames(valkey.url))
        pools = [running.enter_context(restarted(valkey.url, tmp_path / name)) for name in "ab"]
        wait_until(lambda: in_quarantine() == {CAMERAS[0]}, timeout_s=3 * STARTED_S)

        # Then no worker dies of it any more, and all others are looked at
        workers = [len(lives) for lives in pools]
        before = boxed.count()
        wait_until(lambda: died() > 2, timeout_s=STARTED_S)
        wait_until(
            lambda: all(boxed.count()[each] > before[each] + 20 for each in CAMERAS[1:]),
            timeout_s=STARTED_S,
        )
        assert [len(lives) for lives in pools] == workers
        assert sum(workers) == 4
        # While its process starts again nobody speaks for it, and what was said may have lapsed
        wait_until(lambda: CAMERAS[0] in board.read(CAMERAS), timeout_s=STARTED_S)
        said = board.read(CAMERAS)[CAMERAS[0]]
        assert "its pictures ended the process that looked at them" in (said.error or "")
        assert not boxed.stamps[CAMERAS[0]]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("death", ["hang", "hang-locked"])
def test_a_worker_that_hangs_over_a_frame_in_native_code_ends_and_its_camera_is_quarantined(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path, death: str
) -> None:
    board = RedisStatusBoard(
        viewer.redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
    )
    with ExitStack() as running:
        hanging = [a_picture(level, width=320 + 16 * n) for n in range(40) for level in (245, 250)]
        running.enter_context(Cameras(valkey.url, instead={CAMERAS[0]: hanging}))
        boxed = running.enter_context(BoxedFrames(valkey.url))
        # Given a single worker, so that nobody else takes its cameras while it hangs
        lives = running.enter_context(restarted(valkey.url, tmp_path, death=death))
        wait_until(
            lambda: any(said.is_quarantined for said in board.read(CAMERAS).values()),
            timeout_s=3 * STARTED_S,
        )

        # Then it was ended twice, and the others are looked at, whatever hangs in quarantine
        before = boxed.count()
        wait_until(
            lambda: all(boxed.count()[each] > before[each] + 20 for each in CAMERAS[1:]),
            timeout_s=STARTED_S,
        )
        assert len(lives) == 3
        assert {each.returncode for each in lives[:2]} == {1}
        wait_until(
            lambda: int(viewer.redis.hget(keys.deaths(CAMERAS[0]), "count") or 0) > 2,
            timeout_s=STARTED_S,
        )
        assert not boxed.stamps[CAMERAS[0]]
