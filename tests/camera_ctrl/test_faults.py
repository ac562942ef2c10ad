"""What goes wrong with cameras, controllers and Redis, and what keeps working."""

import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
import redis

from camera_ctrl.shards.process import SILENT_S, STOP_S
from tests.camera_ctrl.site import START_S, Site, family
from tests.cameras.faults import Fault
from tests.cameras.process import CameraProcess
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil.domain.camera import CameraId

#: The promise: a dead camera is inactive everywhere within so long.
DEAD_WITHIN_S = 5.0
#: The promise: a camera that returns is live within so long.
LIVE_WITHIN_S = 10.0


def pull_the_plug(camera: CameraProcess) -> None:
    camera.kill()


def freeze(camera: CameraProcess) -> None:
    camera.fault(Fault.FREEZE)


@pytest.mark.parametrize("die", [pull_the_plug, freeze])
def test_a_dead_camera_is_inactive_in_time_and_live_again_in_time(
    site: Site, small_clip: Path, die: Callable[[CameraProcess], None]
) -> None:
    with rtsp_camera(small_clip) as camera, rtsp_camera(small_clip) as other:
        camera_id, other_id = site.add(1, camera.url), site.add(2, other.url)
        site.start_controller()
        site.wait_until_live(camera_id, other_id)

        die(camera)
        wait_until(
            lambda: not site.is_active(camera_id) and site.stamp(camera_id) is None,
            timeout_s=DEAD_WITHIN_S,
        )
        assert site.error(camera_id)
        assert site.is_active(other_id)

        if die is pull_the_plug:
            camera.start()
        else:
            camera.fault(Fault.NONE)
        site.wait_until_live(camera_id, timeout_s=LIVE_WITHIN_S)
        assert site.error(camera_id) is None
        assert_no_packet_is_missing(site, other_id)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.REFUSE, "nobody listens at this address and port"),
        (Fault.BABBLE, "answers, but is no RTSP server"),
        (Fault.DENY, "wrong user or password"),
    ],
)
def test_the_status_says_in_an_owners_words_what_is_wrong(
    site: Site, small_clip: Path, fault: Fault, words: str
) -> None:
    with rtsp_camera(small_clip, auth=("admin", "secret")) as camera:
        camera.fault(fault)
        camera_id = site.add(1, camera.url)
        site.start_controller()
        wait_until(lambda: site.error(camera_id) == words, timeout_s=30)
        assert not site.is_active(camera_id)


def test_a_camera_that_answers_nothing_is_said_to(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera.fault(Fault.SILENT)
        camera_id = site.add(1, camera.url)
        site.start_controller()
        wait_until(lambda: site.error(camera_id) == "no answer in time", timeout_s=30)


def test_a_flapping_camera_disturbs_no_other(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, rtsp_camera(small_clip) as other:
        camera_id, other_id = site.add(1, camera.url), site.add(2, other.url)
        site.start_controller()
        site.wait_until_live(camera_id, other_id)
        camera.fault(Fault.FLAP)
        before = len(site.entries(other_id))
        wait_until(lambda: len(site.entries(other_id)) > before + 150, timeout_s=20)
        camera.fault(Fault.NONE)
        site.wait_until_live(camera_id, timeout_s=LIVE_WITHIN_S)
        assert_no_packet_is_missing(site, other_id)


def test_garbage_from_a_camera_harms_nobody(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, rtsp_camera(small_clip) as other:
        camera_id, other_id = site.add(1, camera.url), site.add(2, other.url)
        site.start_controller()
        site.wait_until_live(camera_id, other_id)
        camera.fault(Fault.GARBAGE)
        before = len(site.entries(other_id))
        wait_until(lambda: len(site.entries(other_id)) > before + 75, timeout_s=20)
        camera.fault(Fault.NONE)
        site.wait_until_live(camera_id, timeout_s=LIVE_WITHIN_S)
        assert_no_packet_is_missing(site, other_id)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("kind", ["ingest", "decode"])
def test_a_shard_that_dies_is_started_again(
    site: Site, small_clip: Path, kind: str, signum: signal.Signals
) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        controller = site.start_controller()
        site.wait_until_live(camera_id)
        before = site.stamp(camera_id)
        shard(controller.pid, kind).send_signal(signum)

        def goes_on() -> bool:
            stamp = site.stamp(camera_id)
            return (
                stamp is not None
                and before is not None
                and (stamp.captured_at_us > before.captured_at_us + 3_000_000)
            )

        wait_until(goes_on, timeout_s=20)
        if kind == "decode":
            # A decoder that crashes costs no packet.
            assert_no_packet_is_missing(site, camera_id)


def test_the_cameras_of_a_shard_that_hangs_are_inactive_in_time_and_live_again(
    site: Site, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        controller = site.start_controller()
        site.wait_until_live(camera_id)

        hanging = shard(controller.pid, "ingest")
        hanging.suspend()
        wait_until(
            lambda: not site.is_active(camera_id) and site.stamp(camera_id) is None,
            timeout_s=DEAD_WITHIN_S,
        )
        assert site.error(camera_id) == "the process that reads it does not answer"

        site.wait_until_live(camera_id, timeout_s=SILENT_S + START_S)
        assert not hanging.is_running()


def test_a_controller_ends_in_time_whatever_its_shards_do(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        controller = site.start_controller()
        site.wait_until_live(camera_id)
        shards = [shard(controller.pid, kind) for kind in ("ingest", "decode")]
        for each in shards:
            each.suspend()

        controller.terminate()

        # All of them have the same few seconds.
        controller.wait(2 * STOP_S)
        _, alive = psutil.wait_procs(shards, timeout=1)
        assert alive == []


def test_when_a_controller_is_killed_another_takes_its_cameras(
    site: Site, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_ids = [site.add(number, camera.url) for number in (1, 2, 3, 4)]
        first = site.start_controller("one")
        site.wait_until_live(*camera_ids)
        old = {each: owner_and_epoch(site, each) for each in camera_ids}

        site.start_controller("two")
        orphans = family(first.pid)
        first.kill()

        def all_are_anothers() -> bool:
            return all(
                owner_and_epoch(site, each)[0] != old[each][0] and site.is_active(each)
                for each in camera_ids
            )

        wait_until(all_are_anothers, timeout_s=30)
        for each in camera_ids:
            assert owner_and_epoch(site, each)[1] > old[each][1]
        # The shards of a supervisor that was killed end by themselves.
        _, alive = psutil.wait_procs(orphans, timeout=10)
        assert alive == []


def test_an_emptied_redis_fills_itself_again(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        site.wait_until_live(camera_id)
        before = site.stamp(camera_id)
        assert before is not None

        # Both roles lose everything, also the configuration: nobody publishes it again.
        assert isinstance(site.redis, redis.Redis)
        site.redis.flushall()

        site.wait_until_live(camera_id, timeout_s=LIVE_WITHIN_S)
        after = site.stamp(camera_id)
        assert after is not None
        assert after.epoch > before.epoch


def test_a_controller_starts_with_the_last_good_configuration(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        first = site.start_controller("one")
        site.wait_until_live(camera_id)
        first.terminate()
        first.wait(15)
        assert isinstance(site.redis, redis.Redis)
        site.redis.flushall()

        site.start_controller("one")
        site.wait_until_live(camera_id)


def owner_and_epoch(site: Site, camera_id: CameraId) -> tuple[str, int]:
    status = site.status(camera_id)
    return (status.owner, status.epoch) if status else ("", 0)


def shard(pid: int, kind: str) -> psutil.Process:
    """Return a controller's ingest shard, which is started first, or its decode shard."""
    shards = [each for each in family(pid) if "spawn_main" in " ".join(each.cmdline())]
    first, second = sorted(shards, key=lambda each: (each.create_time(), each.pid))
    return first if kind == "ingest" else second


def assert_no_packet_is_missing(site: Site, camera_id: CameraId) -> None:
    """All that is held of a camera was sent in one connection, in even steps."""
    packets = [entry.packet for entry in site.entries(camera_id)]
    assert len({packet.anchor_us for packet in packets}) == 1
    steps = {later.dts - earlier.dts for earlier, later in pairwise(packets)}
    assert steps == {3600}
