"""``/camera_status``, health, readiness, metrics, and the OpenAPI document."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis
from structlog.testing import capture_logs

from tests.builders import a_status
from tests.servers import ValkeyCluster, held_still
from tests.web.conftest import WorldOf
from tests.web.worlds import World
from vigil import keys
from vigil.bus.connection import BRIEF_TIMEOUT_S, connect
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.clock import FakeClock, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import CameraState, CameraStatus
from web.access.rights import Role
from web.access.rules import RULES
from web.status import readiness
from web.status.readiness import NOT_DURABLE, Findings, Readiness
from web.wiring import EXTENSION

NOWHERE = "redis://127.0.0.1:1/0"


def test_the_flat_map_says_active_for_cameras_that_send_packets_now(world: World) -> None:
    door, yard, hall = (world.camera(name) for name in ("Door", "Yard", "Hall"))
    world.say(door)
    world.say(yard, state=CameraState.INACTIVE, error="wrong user or password")

    assert world.admin().get("/camera_status").json == {
        f"camera_{door}": "active",
        f"camera_{yard}": "inactive",
        f"camera_{hall}": "inactive",
    }


def test_details_say_why_and_who(world: World) -> None:
    door, yard = world.camera("Door"), world.camera("Yard", enabled=False)
    world.say(
        door,
        state=CameraState.INACTIVE,
        error="wrong user or password",
        last_packet_us=1_790_000_002_000_000,
        last_frame_us=1_790_000_000_000_000,
        packet_fps=24.9,
        width_px=1920,
    )

    details = world.admin().get("/camera_status?detail=1").json

    said = details[f"camera_{door}"]
    assert said["status"] == "inactive"
    assert said["error"] == "wrong user or password"
    assert said["owner"] == "camera_ctrl-1"
    assert said["last_frame_at"] == "2026-09-21T14:13:20+00:00"
    assert said["last_packet_at"] == "2026-09-21T14:13:22+00:00"
    assert (said["fps"], said["width_px"]) == (24.9, 1920)
    assert details[f"camera_{yard}"]["error"] == "It is disabled."


def test_a_camera_just_added_is_starting_until_somebody_should_report(world: World) -> None:
    # PostgreSQL stamps the camera, by its own clock
    world.clock.now_us = SystemClock().utc_us()
    door = f"camera_{world.camera('Door')}"
    hall = f"camera_{world.camera('Hall', enabled=False)}"

    soon = world.admin().get("/camera_status?detail=1").json
    world.clock.advance(11)
    later = world.admin().get("/camera_status?detail=1").json

    assert (soon[door]["status"], soon[door]["state"]) == ("inactive", "starting")
    assert soon[door]["error"] is None
    assert soon[hall]["error"] == "It is disabled."
    assert "state" not in later[door]
    assert later[door]["error"] == "No camera service reports about it."


def test_while_redis_is_away_nobody_claims_to_know(world_of: WorldOf) -> None:
    world = world_of(queue_redis_url=NOWHERE)
    world.admin()
    world.camera()

    answer = world.admin().get("/camera_status")

    assert answer.status_code == 503
    assert answer.json["message"] == (
        "The message bus does not answer. Try again in a few seconds."
    )
    assert answer.headers["Retry-After"] == "5"


def test_where_a_node_of_the_cluster_hangs_the_others_cameras_are_known(
    world_of: WorldOf, valkey_cluster: ValkeyCluster
) -> None:
    world = world_of()
    media = connect(valkey_cluster.url, server_timeout_s=BRIEF_TIMEOUT_S)
    leases = RedisLeases(media, role=keys.Role.INGEST)
    board = RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus)
    world.app.extensions[EXTENSION] = replace(world.wiring, statuses=board)
    cameras = [CameraId(world.camera(f"camera {number}")) for number in range(12)]
    node = valkey_cluster.nodes[1]
    unread = {k for k in cameras if leases.server_of(k) == f"127.0.0.1:{node.port}"}
    assert 0 < len(unread) < len(cameras)
    for camera_id in cameras:
        epoch = leases.acquire(camera_id, "anna", ttl_s=60, last_seen=Epoch(0))
        assert epoch is not None
        board.put(camera_id, a_status(), epoch=epoch)

    with held_still(node):
        said = world.admin().get("/camera_status?detail=1").json

    for camera_id in cameras:
        details = said[f"camera_{camera_id}"]
        if camera_id in unread:
            assert details["status"] == "inactive"
            assert details["error"].endswith("picture store that has it does not answer.")
        else:
            assert (details["status"], details["error"]) == ("active", None)
    media.close()


def test_health_and_readiness_tell_apart_who_is_away(world_of: WorldOf) -> None:
    whole, cut_off = world_of(), world_of(queue_redis_url=NOWHERE)

    assert whole.stranger().get("/healthz").json == {"status": "ok"}
    assert whole.stranger().get("/readyz").json == {
        "status": "ok",
        "checks": {"postgresql": True, "queue_redis": True},
        "warnings": [NOT_DURABLE],
    }
    assert cut_off.stranger().get("/healthz").status_code == 200
    ready = cut_off.stranger().get("/readyz")
    assert ready.status_code == 503
    assert ready.json["checks"] == {"postgresql": True, "queue_redis": False}
    assert ready.json["warnings"] == []


def test_readiness_says_that_the_queue_is_not_durable_until_it_keeps_its_file(
    world: World,
) -> None:
    assert NOT_DURABLE.startswith("queue is not durable: ")
    world.queue.config_set("appendonly", "yes")
    try:
        assert world.stranger().get("/readyz").json["warnings"] == []
    finally:
        world.queue.config_set("appendonly", "no")
    world.clock.advance(1)
    assert world.stranger().get("/readyz").json["warnings"] == [NOT_DURABLE]


def test_readiness_says_what_to_change_where_the_queue_came_back_evicting(world: World) -> None:
    world.queue.config_set("maxmemory-policy", "volatile-ttl")
    try:
        world.queue.connection_pool.disconnect()
        ready = world.stranger().get("/readyz")
    finally:
        with redis.Redis.from_url(world.wiring.settings.queue_url()) as mender:
            mender.config_set("maxmemory-policy", "noeviction")
    assert ready.status_code == 503
    assert ready.json["checks"]["queue_redis"] is False
    (warning,) = ready.json["warnings"]
    assert warning.startswith("queue_redis: this Redis drops keys when it is full.")
    assert "'maxmemory-policy volatile-ttl' to 'maxmemory-policy noeviction'" in warning


def test_readiness_is_asked_once_a_second_however_many_want_to_know(world: World) -> None:
    def asked() -> int:
        return int(world.queue.info("commandstats")["cmdstat_info"]["calls"])

    world.queue.info()
    before = asked()
    with ThreadPoolExecutor(8) as pool:
        ready = list(pool.map(lambda _: world.stranger().get("/readyz"), range(40)))
    # One is our own
    assert asked() - before == 1 + 1
    assert {answer.status_code for answer in ready} == {200}
    assert all(answer.json == ready[0].json for answer in ready)

    before = asked()
    world.clock.advance(1)
    world.stranger().get("/readyz")
    assert asked() - before == 1 + 1


def test_nobody_waits_long_for_a_server_that_another_is_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    is_asked, may_answer = threading.Event(), threading.Event()

    def silent() -> None:
        is_asked.set()
        assert may_answer.wait(30)

    asking = Readiness({"quick": lambda: "a warning", "silent": silent}, clock=FakeClock())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asking.ask)
        assert is_asked.wait(30)

        meanwhile = asking.ask()

        # What did not answer is not said to be there
        assert meanwhile == Findings({"quick": True, "silent": False}, ["a warning"])
        may_answer.set()
        assert first.result(30) == Findings({"quick": True, "silent": True}, ["a warning"])
    assert asking.ask() == first.result()


def test_the_first_page_has_a_place_for_warnings_for_admins_alone(world: World) -> None:
    assert 'id="warnings"' in world.admin().get("/").text
    assert 'id="warnings"' not in world.person(Role.OPERATOR).get("/").text


def test_metrics_count_by_route_and_name_nobody(world_of: WorldOf) -> None:
    world = world_of()
    camera_id = world.camera("Secret door")
    world.admin().get(f"/cameras/{camera_id}")
    world.stranger().get("/no/such/address")
    world.stranger().call("BREW", "/cameras")

    text = world.stranger().get("/metrics").text

    labels = 'method="GET",route="/cameras/<id:camera_id>",status="200"'
    assert f"vigil_http_requests_total{{{labels}}} 1.0" in text
    assert 'route="unknown",status="404"' in text
    assert "BREW" not in text
    assert "Secret door" not in text


def test_the_log_names_who_asked_for_what_and_no_query(pictured: World) -> None:
    path = f"/get_stream/{pictured.camera()}"
    url = pictured.admin().post("/stream_tokens", {"path": path}).json["url"]

    with capture_logs() as logged:
        pictured.stranger().get(url)
        pictured.stranger().get("/healthz")

    (entry,) = logged
    assert (entry["event"], entry["path"], entry["status"]) == ("request_answered", path, 200)
    assert (entry["account"], entry["address"]) == ("admin", "127.0.0.1")
    assert "token" not in str(entry)


def test_rate_limits_hold_while_redis_is_away(world_of: WorldOf) -> None:
    world = world_of(queue_redis_url=NOWHERE, login_rate_limit="2 per minute")
    pair = {"username": "nobody", "password": "wrong one"}

    statuses = [world.stranger().post("/login", pair).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


def test_rate_limits_survive_a_restart(world_of: WorldOf) -> None:
    pair = {"username": "nobody", "password": "wrong one"}
    first = world_of(login_rate_limit="1 per minute")
    assert first.stranger().post("/login", pair).status_code == 401

    second = world_of(login_rate_limit="1 per minute")

    assert second.stranger().post("/login", pair).status_code == 429


def test_every_answer_carries_the_headers_that_protect_a_page(world: World) -> None:
    for path in ("/", "/login", "/cameras", "/healthz", "/nothing/here", "/static/style.css"):
        headers = world.stranger().get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("PUT", "/cameras", 405),
        ("BREW", "/cameras", 405),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/%2e%2e/app.py", 404),
        ("GET", "/docs/assets/..%2f..%2f__init__.py", 404),
    ],
)
def test_errors_of_the_framework_have_our_shape(
    world: World, method: str, path: str, status: int
) -> None:
    answer = world.stranger().call(method, path)

    assert answer.status_code == status
    if not path.startswith(("/static", "/docs")):
        assert answer.json["code"] == status
        assert answer.json["message"]


def test_the_document_describes_every_route_of_the_api(world: World) -> None:
    document = world.stranger().get("/openapi.json").json
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    pages = {"/", "/login", "/snapshot_ui/{camera_id}", "/docs", "/openapi.json"}
    served = {
        (
            method,
            rule.rule.replace("<id:", "{")
            .replace("<uuid:", "{")
            .replace("<path:", "{")
            .replace(">", "}"),
        )
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (method, rule.rule) in RULES
    }

    missing = {
        (method, path)
        for method, path in served - described
        if not (method == "GET" and (path in pages or path.startswith(("/docs/", "/static/"))))
    }
    assert missing == set()


def test_the_document_says_what_each_route_needs(world: World) -> None:
    document = world.stranger().get("/openapi.json").json

    assert document["paths"]["/login"]["post"]["security"] == []
    cameras = document["paths"]["/cameras"]["post"]
    assert cameras["security"] == [{"bearer": []}, {"cookie": []}]
    assert "manage_cameras" in cameras["description"]
    assert {"201", "401", "403", "409", "422"} <= set(cameras["responses"])
    image = document["paths"]["/image/{path}"]["get"]
    assert {"stream_token": []} in image["security"]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie", "stream_token"}


def test_a_page_that_is_not_there_answers_as_a_page(world: World) -> None:
    admin = world.admin()

    answer = admin.get("/snapshot_ui/99")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "There is no camera 99." in answer.text


def test_a_viewer_is_shown_no_way_to_draw(world: World) -> None:
    camera_id = world.camera()

    page = world.viewer_of(camera_id).get(f"/snapshot_ui/{camera_id}").text

    assert 'data-may-edit="no"' in page
    assert 'id="save"' not in page
    assert "Add a camera" not in world.person(Role.VIEWER, "other").get("/").text
