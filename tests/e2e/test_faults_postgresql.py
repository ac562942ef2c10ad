"""PostgreSQL away, silent, or away at the start: what goes on meanwhile, and what is said."""

import time

import pytest

from tests.e2e.boxed_writes import BoxedWrites
from tests.e2e.client import PASSWORD
from tests.e2e.faults import (
    BACK_S,
    MARGIN_S,
    RECHECK_S,
    assert_in_words,
    assert_undisturbed,
    let_pass,
    statuses,
)
from tests.e2e.machine import Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until
from vigil.messages import CameraState

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

#: The promises: so long it may be away, and so soon everything is as before.
AWAY_S = 60.0
AS_BEFORE_S = 10.0
#: Until somebody who wants to log in is told: DATABASE_CONNECT_TIMEOUT_S, and a busy machine.
TOLD_S = 3.0 + MARGIN_S
#: How often it is looked meanwhile.
LOOK_EVERY_S = 5.0


def test_while_postgresql_is_away_for_a_minute_all_goes_on_that_needs_no_account(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    with BoxedWrites(machine.media) as checker:
        begun_s = time.monotonic()
        machine.postgres.stop()
        try:
            while time.monotonic() < begun_s + AWAY_S:
                looked = {each: len(epochs) for each, epochs in checker.accepted().items()}
                assert_says_that_the_database_is_away(machine, camera_ids[0])
                let_pass(LOOK_EVERY_S)
                # Streams, which asked for their rights again meanwhile
                assert_undisturbed([raw, *boxed], since_s=begun_s)
                # Recognition, of each camera
                for camera_id in camera_ids:
                    assert len(checker.accepted()[camera_id]) > looked.get(camera_id, 0)
                # And the status of each, which lives for seconds on the bus
                assert {
                    each: status.state for each, status in statuses(machine, camera_ids).items()
                } == dict.fromkeys(camera_ids, CameraState.ACTIVE)
        finally:
            machine.postgres.start()
    wait_until(lambda: is_as_before(machine, camera_ids), timeout_s=AS_BEFORE_S)
    assert_undisturbed([raw, *boxed], since_s=begun_s)


def test_while_postgresql_answers_nothing_streams_go_on_and_the_api_says_so(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    begun_s = time.monotonic()
    with machine.frozen_postgres():
        # The first to ask wait for what was connected before; then nobody can connect.
        assert_in_words(machine, "/cameras", "The database")
        assert_in_words(machine, f"/get_stream/{camera_ids[0]}", "The database")
        assert machine.admin.get("/healthz").status == 200
        let_pass(begun_s + RECHECK_S + MARGIN_S - time.monotonic())
        assert_undisturbed([raw, *boxed], since_s=begun_s)
    wait_until(lambda: machine.admin.get("/cameras").status == 200, timeout_s=BACK_S)
    assert_undisturbed([raw, *boxed], since_s=begun_s)


def test_web_starts_while_postgresql_is_away(machine: Machine, camera_ids: list[int]) -> None:
    machine.postgres.stop()
    try:
        machine.stop("web")
        machine.start("web")
        machine.wait_until_healthy()
        assert machine.admin.get("/cameras").status == 503
    finally:
        machine.postgres.start()
    wait_until(lambda: machine.admin.is_active(*camera_ids), timeout_s=BACK_S)


def is_as_before(machine: Machine, camera_ids: list[int]) -> bool:
    """Return whether one can log in, see how cameras are, and begin to watch them."""
    given = {"username": "admin", "password": PASSWORD}
    return (
        machine.admin.post("/login", given).status == 200
        and machine.admin.is_active(*camera_ids)
        and machine.admin.get(f"/get_snapshot/{camera_ids[0]}").status == 200
        and machine.admin.get("/readyz").status == 200
    )


def assert_says_that_the_database_is_away(machine: Machine, camera_id: int) -> None:
    for path in ("/cameras", "/camera_status", f"/get_stream/{camera_id}"):
        assert_in_words(machine, path, "The database")
    asked_s = time.monotonic()
    refused = machine.admin.post("/login", {"username": "admin", "password": PASSWORD})
    assert time.monotonic() - asked_s < TOLD_S
    assert refused.status == 503, refused.body
    assert refused.json["message"].startswith("The database does not answer."), refused.body
    assert int(refused.headers["retry-after"]) > 0
    assert machine.admin.get("/healthz").status == 200
    # An answer holds for a second
    wait_until(lambda: machine.admin.get("/readyz").status == 503)
    ready = machine.admin.get("/readyz")
    assert ready.json["checks"] == {"postgresql": False, "redis": True, "queue_redis": True}
