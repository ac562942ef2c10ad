"""What somebody else removes in the middle of a call is not found, and nothing worse."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from typing_extensions import override

from tests.waiting import wait_until
from tests.web.conftest import WorldOf
from tests.web.test_bounds_at_once import number_waiting
from tests.web.test_images import saved
from tests.web.worlds import World
from web.images.folder import PictureFolder
from web.wiring import EXTENSION

CALLS = 2


@contextmanager
def meanwhile(url: str, statement: str, *, calls: int) -> Iterator[None]:
    """Let a statement be committed only when so many calls wait for what it has locked."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        yield
        wait_until(lambda: number_waiting(cursor) == calls)
    connection.close()


@pytest.mark.parametrize("gone", ["cameras", "saved_pictures"])
def test_a_notification_about_what_was_just_deleted_says_so(
    world: World, migrated: str, gone: str
) -> None:
    admin, camera_id = world.admin(), world.camera()
    about: dict[str, int | str] = {"camera_id": camera_id}
    if gone == "saved_pictures":
        about = {"image_path": saved(world, camera_id)}
    body = {"message": "Somebody is there", **about}

    with ThreadPoolExecutor(1) as pool:
        with meanwhile(migrated, f"DELETE FROM {gone}", calls=1):  # noqa: S608  # Our own names.
            call = pool.submit(admin.post, "/notifications", body)
        answer = call.result()

    assert answer.status_code == 404, answer.text
    assert admin.get("/notifications").json == []


def test_an_invitation_is_withdrawn_once(world: World, migrated: str) -> None:
    admin = world.admin()
    made = admin.post("/invitations", {"role": "viewer"}).json
    path = f"/invitations/{made['id']}"
    caller = {"Authorization": f"Bearer {admin.access_token}"}

    with ThreadPoolExecutor(CALLS) as pool:
        with meanwhile(migrated, "SELECT FROM invitations FOR UPDATE", calls=CALLS):
            calls = [
                pool.submit(world.stranger().delete, path, headers=caller) for _ in range(CALLS)
            ]
        statuses = sorted(call.result().status_code for call in calls)

    assert statuses == [204, 404]


class _InARush(PictureFolder):
    """A folder of which a camera's pictures are deleted as soon as somebody has found one."""

    @override
    def file(self, path: str) -> Path | None:
        found = super().file(path)
        if found is not None:
            found.unlink()
        return found


def test_a_picture_that_was_just_deleted_is_not_found(world_of: WorldOf) -> None:
    world = world_of()
    path = saved(world, world.camera())
    folder: Any = _InARush(world.wiring.settings.vigil_home / "pictures")
    world.app.extensions[EXTENSION] = dataclasses.replace(world.wiring, pictures=folder)

    assert world.admin().get(f"/image/{path}").status_code == 404
