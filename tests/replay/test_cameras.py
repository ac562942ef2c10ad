"""Footage is replayed with the settings that a camera has now, as well as we can know."""

from pathlib import Path

import pytest
import redis

from object_recognition.replay.cameras import a_new_camera, camera_of, known_cameras
from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_camera
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.camera_configs import KnownCameras
from vigil.camera_document import CameraConfig, ConfigHead, ModelUse
from vigil.errors import SetupInvalid


def kept(folder: Path, *cameras: CameraConfig, generation: int = 3) -> Path:
    """Write the last good configuration, as a worker keeps it."""
    known = KnownCameras(generation=generation, cameras={each.id: each for each in cameras})
    path = folder / "cameras.json"
    path.write_text(known.model_dump_json())
    return path


def test_what_web_published_last_counts_and_nothing_is_written(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    # Given a disk that knows an older revision, and a camera that was deleted since
    path = kept(tmp_path, a_camera(1, min_confidence=0.4), a_camera(2))
    before = path.read_bytes()
    with redis.Redis.from_url(valkey.url) as queue:
        store = RedisCameraConfigStore(queue)
        newer = a_camera(1, revision=5, min_confidence=0.6)
        assert store.publish(ConfigHead(generation=4, camera_ids=(1,)), changed=[newer], removed=())

        cameras = known_cameras(path, store)

    assert cameras == {1: newer}
    assert path.read_bytes() == before


def test_while_redis_is_away_the_disk_knows(tmp_path: Path, valkey: EmbeddedValkey) -> None:
    path = kept(tmp_path, a_camera(1))
    with redis.Redis.from_url("redis://127.0.0.1:1") as nobody:
        assert known_cameras(path, RedisCameraConfigStore(nobody)) == {1: a_camera(1)}
    assert known_cameras(path, None) == {1: a_camera(1)}


def test_where_no_camera_is_of_that_number_it_says_which_there_are() -> None:
    cameras = {each.id: each for each in (a_camera(1, name="Door"), a_camera(12, name="Yard"))}

    with pytest.raises(SetupInvalid, match=r"--camera 3: .*there are 1 \(Door\), 12 \(Yard\)"):
        camera_of(3, cameras)
    assert camera_of(12, cameras).name == "Yard"


def test_where_no_camera_is_known_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(SetupInvalid, match=r"no camera is known here\. VIGIL_HOME or QUEUE"):
        camera_of(3, known_cameras(tmp_path / "none.json", None))


def test_without_a_camera_the_settings_are_those_of_a_new_one() -> None:
    camera = a_new_camera("clip.mp4")

    assert (camera.min_confidence, camera.frame_fps, camera.zones) == (0.4, 5.0, ())
    assert (camera.models, camera.masks) == ((ModelUse(model="default"),), ())
