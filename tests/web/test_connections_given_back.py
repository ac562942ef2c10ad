"""Who waits for Redis holds no connection to PostgreSQL: there are few, and Redis may hang."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from web.database import db
from web.wiring import EXTENSION

BOX = {"x": 10, "y": 20, "width": 30, "height": 40}
LINE = {"start": {"x": 1, "y": 1}, "end": {"x": 9, "y": 9}}


class Watched:
    """A port to Redis that notes what else is held whenever it is asked."""

    def __init__(self, port: object, note: Callable[[], None]) -> None:
        self._port = port
        self._note = note

    def __getattr__(self, name: str) -> Any:
        self._note()
        return getattr(self._port, name)


def watched(world: World) -> list[int]:
    """Return a list that grows by the connections that are held whenever Redis is asked."""
    held: list[int] = []
    with world.app.app_context():
        pool: Any = db.engine.pool

    def watch(port: object) -> Any:
        return Watched(port, lambda: held.append(pool.checkedout()))

    wiring = world.wiring
    world.app.extensions[EXTENSION] = dataclasses.replace(
        wiring,
        statuses=watch(wiring.statuses),
        detections=watch(wiring.detections),
        explanations=watch(wiring.explanations),
        pool=dataclasses.replace(
            wiring.pool, leases=watch(wiring.pool.leases), statuses=watch(wiring.pool.statuses)
        ),
    )
    return held


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/camera_status?detail=1", None),
        ("GET", "/workers", None),
        ("GET", "/detections/1", None),
        ("GET", "/explanations/1", None),
        ("POST", "/rectangles/1", [BOX]),
        ("POST", "/masks/1", [BOX]),
        ("POST", "/lines/1", [LINE]),
    ],
)
def test_none_is_held_while_redis_is_asked(
    world_of: WorldOf, method: str, path: str, body: object
) -> None:
    world = world_of()
    world.camera("Door")
    held = watched(world)

    answer = world.admin().call(method, path, json=body)

    assert answer.status_code == 200, answer.text
    assert held
    assert set(held) == {0}
