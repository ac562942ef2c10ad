"""``vigil jobs`` as processes: what is asked for is made once, whoever dies meanwhile."""

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import an_order
from tests.footage import BEGAN_US, Footage
from tests.recorder.clips import frames_in, payloads_of
from tests.recorder.workshop import SOON_S, Workshop
from tests.waiting import wait_until
from vigil.bus.connection import connect_single
from vigil.exports import ExportState

pytestmark = pytest.mark.timeout(300)

DONE, FAILED, CANCELLED = ExportState.DONE, ExportState.FAILED, ExportState.CANCELLED
#: So many that a child is killed while it is at them.
MANY = 1000


@pytest.fixture
def workshop(tmp_path: Path, valkey: EmbeddedValkey, sent: Footage) -> Iterator[Workshop]:
    with (
        connect_single(valkey.url) as client,
        Workshop(tmp_path, client, valkey.url, sent) as workshop,
    ):
        yield workshop


def assert_is_made_once(workshop: Workshop, export: UUID, *, frames: int) -> None:
    wait_until(lambda: workshop.waiting() == 0, timeout_s=SOON_S)
    states = workshop.states(export)
    assert states.count(DONE) == 1
    assert states[-1] is DONE
    path = workshop.volume.path / f"exports/{export}.mp4"
    assert workshop.left() == sorted([path.name, f"{export}.json"])
    assert len(payloads_of(path)) == frames


def test_an_export_is_made_and_told_of(workshop: Workshop, sent: Footage) -> None:
    workshop.record()
    workshop.start()
    export = workshop.order(until_s=8)

    result = workshop.wait_for(export, DONE).result

    assert result is not None
    path = workshop.volume.path / result.path
    assert result.volume == workshop.volume.volume_id
    assert result.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert result.size_bytes == path.stat().st_size
    assert (result.begun_us, result.ended_us) == (BEGAN_US, BEGAN_US + 8_000_000)
    assert result.gaps == ()
    assert frames_in(path) == len(sent.entries)
    assert_is_made_once(workshop, export, frames=200)
    # Nothing of a child, and behind all that is live while it was there
    wait_until(lambda: not workshop.children(), timeout_s=SOON_S)


def test_of_footage_that_is_not_there_it_is_said_why(workshop: Workshop) -> None:
    workshop.start()
    export = workshop.order(until_s=8)

    said = workshop.wait_for(export, FAILED).reason

    assert said == (
        "there is no footage of the camera from 2026-09-21 14:13:20 to 2026-09-21 14:13:28 UTC"
    )
    wait_until(lambda: workshop.waiting() == 0, timeout_s=SOON_S)


def test_a_child_that_is_killed_is_followed_by_another(workshop: Workshop) -> None:
    workshop.record(files=MANY)
    workshop.start()
    export = workshop.order(until_s=8 * MANY)

    child = workshop.wait_until_begun(export)
    assert child.nice() == 10
    child.send_signal(signal.SIGKILL)

    workshop.wait_for(export, DONE)
    assert_is_made_once(workshop, export, frames=200 * MANY)
    assert '"export_broken_off"' in workshop.log()


def test_a_worker_that_is_killed_leaves_its_job_to_another(workshop: Workshop) -> None:
    workshop.record(files=MANY)
    worker = workshop.start()
    export = workshop.order(until_s=8 * MANY)
    child = workshop.wait_until_begun(export)

    worker.kill()
    worker.wait()
    # Its child sees that nobody waits
    wait_until(lambda: not child.is_running(), timeout_s=SOON_S)
    workshop.start()

    workshop.wait_for(export, DONE)
    assert_is_made_once(workshop, export, frames=200 * MANY)


def test_a_worker_that_is_stopped_hands_its_job_back_at_once(workshop: Workshop) -> None:
    workshop.record(files=MANY)
    worker = workshop.start()
    export = workshop.order(until_s=8 * MANY)
    child = workshop.wait_until_begun(export)

    worker.terminate()
    assert worker.wait(SOON_S) == 0
    assert not child.is_running()
    assert workshop.waiting() == 1
    workshop.start()

    workshop.wait_for(export, DONE)
    assert_is_made_once(workshop, export, frames=200 * MANY)


def test_what_is_cancelled_leaves_nothing_behind(workshop: Workshop) -> None:
    workshop.record(files=MANY)
    workshop.start()
    export, waits = workshop.order(until_s=8 * MANY), workshop.order(until_s=8)
    child = workshop.wait_until_begun(export)

    workshop.queue.cancel(waits)
    workshop.queue.cancel(export)

    workshop.wait_for(export, CANCELLED)
    workshop.wait_for(waits, CANCELLED)
    assert not child.is_running()
    assert workshop.left() == []
    assert DONE not in workshop.states(export) + workshop.states(waits)
    wait_until(lambda: workshop.waiting() == 0, timeout_s=SOON_S)


def test_a_result_of_which_nobody_heard_is_told_and_not_made_again(workshop: Workshop) -> None:
    # Given one that was made by a worker that died before it could say so
    workshop.record()
    worker = workshop.start()
    export = workshop.order(until_s=8)
    first = workshop.wait_for(export, DONE)
    worker.terminate()
    worker.wait(SOON_S)
    path = workshop.volume.path / f"exports/{export}.mp4"
    made = path.stat()

    workshop.queue.put(an_order(export))
    workshop.start()

    wait_until(lambda: workshop.states(export).count(DONE) == 2, timeout_s=SOON_S)
    assert workshop.facts(export)[-1] == first
    assert path.stat() == made


def test_an_order_that_came_twice_is_made_once(workshop: Workshop) -> None:
    workshop.record(files=MANY)
    workshop.start(EXPORTS_AT_ONCE="2")
    export = workshop.order(until_s=8 * MANY)
    workshop.wait_until_begun(export)

    # Another worker takes the same, and finds it being made
    workshop.queue.put_back(an_order(export, until_us=BEGAN_US + 8_000_000), delay_s=0)

    workshop.wait_for(export, DONE)
    wait_until(lambda: workshop.waiting() == 0, timeout_s=SOON_S)
    assert FAILED not in workshop.states(export)
    path = workshop.volume.path / f"exports/{export}.mp4"
    assert len(payloads_of(path)) == 200 * MANY


def test_it_waits_for_a_volume_and_makes_none(workshop: Workshop, tmp_path: Path) -> None:
    empty = tmp_path / "not mounted"
    empty.mkdir()
    workshop.start(FOOTAGE_PATH=str(empty))

    wait_until(lambda: '"no_volume_yet"' in workshop.log(), timeout_s=SOON_S)

    assert list(empty.iterdir()) == []
