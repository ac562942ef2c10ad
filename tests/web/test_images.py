"""``/image/<path>``: what the system saved, and nothing else on the disk."""

import numpy as np
import pytest

from tests.pictures import bgr_of
from tests.web.pictures import HEIGHT, WIDTH, a_jpeg
from tests.web.worlds import World
from vigil.domain.camera import Epoch
from vigil.domain.frame import FrameStamp, stamped
from web.access.rights import Role
from web.database import db
from web.images import service as images
from web.models import SavedPicture

JPEG = b"\xff\xd8 a picture \xff\xd9"


#: A picture of half the size of the frame that it shows.
SHOWN = stamped(a_jpeg(), FrameStamp(1, 1, Epoch(1), 2 * WIDTH, 2 * HEIGHT))


def saved(world: World, camera_id: int, jpeg: bytes = JPEG) -> str:
    with world.app.app_context():
        return images.save(
            db.session(),
            world.wiring.pictures,
            camera_id,
            jpeg,
            captured_at=world.wiring.now(),
        )


def test_a_saved_picture_is_shown_to_who_may_see_its_camera(world: World) -> None:
    camera_id = world.camera()
    path = saved(world, camera_id)

    answer = world.viewer_of(camera_id).get(f"/image/{path}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert int(answer.headers["Content-Length"]) == len(JPEG)
    assert world.person(Role.VIEWER, "other").get(f"/image/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "%252e%252e%252fetc%252fpasswd",
        "....//....//etc/passwd",
        "..\\..\\etc\\passwd",
        "..%5c..%5cetc%5cpasswd",
        "%c0%ae%c0%ae/etc/passwd",
        "%uff0e%uff0e/etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "file:///etc/passwd",
        "camera_1/../../secret.jpg",
        "camera_1/%2e%2e/%2e%2e/secret.jpg",
        "secret.jpg%00.jpg",
        "a.jpg\x00",
        "a.jpg%0a",
        "\u2025/etc/passwd",
        "secret.jpg",
        "camera_1/unsaved.jpg",
        "x" * 5000,
        ".",
        "",
    ],
)
def test_nothing_else_is_shown(world: World, path: str) -> None:
    # Given files beside and above the pictures that no row names
    folder = world.wiring.settings.vigil_home / "pictures"
    (folder / "camera_1").mkdir(parents=True)
    (folder / "camera_1" / "unsaved.jpg").write_bytes(JPEG)
    (folder / "secret.jpg").write_bytes(JPEG)
    (folder.parent / "secret.jpg").write_bytes(JPEG)

    answer = world.admin().get(f"/image/{path}")

    assert answer.status_code == 404
    assert answer.json["message"]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(world: World) -> None:
    path = saved(world, world.camera())
    file = world.wiring.settings.vigil_home / "pictures" / path
    outside = world.wiring.settings.vigil_home / "outside.jpg"
    outside.write_bytes(b"a secret")
    file.unlink()
    file.symlink_to(outside)

    assert world.admin().get(f"/image/{path}").status_code == 404


def test_the_pictures_go_with_their_camera(world: World) -> None:
    admin, camera_id = world.admin(), world.camera()
    path = saved(world, camera_id)
    admin.post("/notifications", {"message": "A person", "image_path": path})

    admin.delete(f"/cameras/{camera_id}")

    assert admin.get(f"/image/{path}").status_code == 404
    assert not (world.wiring.settings.vigil_home / "pictures" / path).exists()
    (notification,) = admin.get("/notifications").json
    assert notification["image_path"] is None
    with world.app.app_context():
        assert db.session.get(SavedPicture, path) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
def test_a_picture_saved_before_is_shown_with_the_masks_of_now(world: World, role: Role) -> None:
    camera_id = world.camera()
    path = saved(world, camera_id, SHOWN)
    callers = {
        Role.VIEWER: world.viewer_of(camera_id),
        Role.OPERATOR: world.person(Role.OPERATOR),
        Role.ADMIN: world.admin(),
    }
    box = {"x": 320, "y": 160, "width": 640, "height": 320}
    world.admin().post(f"/masks/{camera_id}", [box])

    answer = callers[role].client.get(
        f"/image/{path}", headers={"Authorization": f"Bearer {callers[role].access_token}"}
    )

    assert answer.headers["Content-Type"] == "image/jpeg"
    shown = bgr_of(answer.data)
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown[88:232, 168:472].max() < 8
    shown[64:256, 144:496] = 255
    assert np.all(shown > 20)
    # And as it was, when there is nothing to hide any more
    world.admin().delete(f"/masks/{camera_id}")
    again = callers[role].get(f"/image/{path}")
    assert int(again.headers["Content-Length"]) == len(SHOWN)


@pytest.mark.parametrize("jpeg", [JPEG, a_jpeg(), SHOWN[:60]], ids=["none", "foreign", "cut off"])
def test_a_picture_that_cannot_be_masked_is_not_shown(world: World, jpeg: bytes) -> None:
    camera_id = world.camera()
    path = saved(world, camera_id, jpeg)
    box = {"x": 320, "y": 160, "width": 640, "height": 320}
    world.admin().post(f"/masks/{camera_id}", [box])

    answer = world.admin().get(f"/image/{path}")

    assert answer.status_code == 404
    assert answer.json["message"] == "There is no such picture."
