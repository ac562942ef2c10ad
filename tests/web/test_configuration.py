"""How the other services learn of cameras, whatever goes away in between."""

import redis as redis_py

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from vigil import keys
from vigil.camera_document import ConfigHead
from vigil.domain.camera import CameraId

NOWHERE = "redis://127.0.0.1:1/0"
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "name": "Gate", "labels": ["person"]}


def test_rectangles_reach_the_services_as_zones(world: World) -> None:
    camera_id = CameraId(world.camera())
    points = [{"x": 1, "y": 1}, {"x": 9, "y": 1}, {"x": 5, "y": 9}]

    world.admin().post(f"/rectangles/{camera_id}", [BOX, {"points": points, "color": "#DC267F"}])

    gate, triangle = world.store.documents([camera_id])[camera_id].zones
    assert list(gate.points) == [(10, 20), (40, 20), (40, 60), (10, 60)]
    assert (gate.name, gate.labels) == ("Gate", ("person",))
    assert list(triangle.points) == [(1, 1), (9, 1), (5, 9)]
    assert triangle.color == "#DC267F"


def test_every_change_raises_the_generation_and_the_cameras_revision(world: World) -> None:
    door, yard = CameraId(world.camera("Door")), CameraId(world.camera("Yard"))
    before = world.store.documents([door, yard])
    head = world.store.head()

    world.admin().post(f"/rectangles/{door}", [BOX])

    after, newer = world.store.documents([door, yard]), world.store.head()
    assert head is not None
    assert newer is not None
    assert newer.generation > head.generation
    assert after[door].revision > before[door].revision
    assert after[yard] == before[yard]


def test_a_change_stands_while_redis_is_away_and_is_published_when_it_is_back(
    world_of: WorldOf,
) -> None:
    # Two applications over one database: one cannot reach Redis, the other can.
    cut_off = world_of(queue_redis_url=NOWHERE)
    answer = cut_off.admin().post("/cameras", {"name": "Door", "stream_url": "rtsp://cam/1"})
    assert answer.status_code == 201
    assert "takes effect when the message bus is back" in answer.json["message"]
    connected = world_of()
    assert connected.store.head() is None

    connected.wiring.configuration.reconcile()

    head = connected.store.head()
    assert head is not None
    assert head.camera_ids == (answer.json["id"],)
    assert set(connected.store.documents(head.camera_ids)) == {answer.json["id"]}


def test_an_emptied_redis_is_filled_again(world: World) -> None:
    camera_id = CameraId(world.camera())
    document = world.store.documents([camera_id])[camera_id]
    world.queue.flushall()

    world.wiring.configuration.reconcile()

    assert world.store.documents([camera_id])[camera_id] == document


def test_a_lost_document_comes_back_and_no_other_camera_is_touched(world: World) -> None:
    door, yard = CameraId(world.camera("Door")), CameraId(world.camera("Yard"))
    before = world.store.documents([door, yard])
    world.queue.delete(keys.camera_config(door))

    world.wiring.configuration.reconcile()

    assert world.store.documents([door, yard]) == before


def test_a_restored_database_speaks_louder_than_the_one_before_it(world: World) -> None:
    # Given that services know a head and a document of a time that our database never saw
    camera_id = CameraId(world.camera())
    document = world.store.documents([camera_id])[camera_id]
    future = document.revision + 1_000_000_000_000
    changed = [document.model_copy(update={"revision": future, "name": "Gone"})]
    ghost = CameraId(camera_id + 7)
    known = ConfigHead(generation=future, camera_ids=(camera_id, ghost))
    assert world.store.publish(known, changed=changed, removed=[])

    world.wiring.configuration.reconcile()

    head = world.store.head()
    assert head is not None
    assert head.generation > future
    assert head.camera_ids == (camera_id,)
    told = world.store.documents([camera_id])[camera_id]
    assert (told.name, told.revision > future) == ("Door", True)


def test_nothing_is_published_when_nothing_lacks(world: World) -> None:
    world.camera()
    before = world.store.head()
    listener = redis_py.Redis.from_url(world.wiring.settings.queue_url())
    with listener, listener.pubsub(ignore_subscribe_messages=True) as bell:
        bell.subscribe(keys.camera_config_bell())
        assert bell.get_message(timeout=1.0) is None

        world.wiring.configuration.reconcile()

        assert bell.get_message(timeout=0.1) is None
    assert world.store.head() == before


def test_an_overtaken_change_is_published_all_the_same(world: World) -> None:
    # Given a head that is newer than what this change was committed with, as when another
    # change committed later and published first
    camera_id, other = CameraId(world.camera("Door")), CameraId(world.camera("Yard"))
    untouched = world.store.documents([other])
    head = world.store.head()
    assert head is not None
    newer = ConfigHead(generation=head.generation + 10**12, camera_ids=head.camera_ids)
    assert world.store.publish(newer, changed=[], removed=[])

    answer = world.admin().patch(f"/cameras/{camera_id}", {"location": "hall", "name": "Gate"})

    assert answer.json["message"] == "Camera changed."
    assert world.store.documents([camera_id])[camera_id].name == "Gate"
    # Nothing restarts for a camera that nobody changed
    assert world.store.documents([other]) == untouched
