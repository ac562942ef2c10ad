"""What the Compose file promises, before anything runs."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camera_ctrl.settings import CameraSettings
from object_recognition.settings import RecognitionSettings
from recorder.jobs.settings import JobsSettings
from recorder.settings import RecorderSettings
from tests.containers.compose import FILE, ROOT, Compose
from vigil.settings import CoreSettings
from web.settings import WebSettings

pytestmark = pytest.mark.needs("docker")

GPU_FILE = ROOT / "docker-compose-gpu.yml"
CUDA_REQUIREMENTS = ROOT / "deploy" / "service" / "cuda.txt"

SECRETS = (
    "SECRET_KEY",
    "POSTGRES_PASSWORD",
    "REDIS_WEB_PASSWORD",
    "REDIS_CAMERA_CTRL_PASSWORD",
    "REDIS_OBJECT_RECOGNITION_PASSWORD",
    "REDIS_RECORDER_PASSWORD",
    "REDIS_JOBS_PASSWORD",
)
SETTINGS: dict[str, type[CoreSettings]] = {
    "camera_ctrl": CameraSettings,
    "object_recognition": RecognitionSettings,
    "recorder": RecorderSettings,
    "jobs": JobsSettings,
    "web": WebSettings,
    "writer": WebSettings,
}


@pytest.fixture(scope="module")
def services(compose: Compose) -> dict[str, Any]:
    found: dict[str, Any] = compose.config()["services"]
    return found


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("line", ["", "{name}=\n"])
def test_refuses_to_start_without_a_secret_and_says_what_to_do(
    env_file: Path, tmp_path: Path, name: str, line: str
) -> None:
    # Given a .env in which one secret is missing, or empty
    kept = [text for text in env_file.read_text().splitlines(keepends=True) if name not in text]
    lacking = tmp_path / ".env"
    lacking.write_text("".join(kept) + line.format(name=name))

    # When the operator starts
    compose = Compose(project="lacking", env_file=lacking, files=[FILE], environment={})
    done = compose.attempt("up", "--no-start")

    # Then nothing does, and the message names it and the way out
    assert done.returncode != 0
    assert name in done.stderr
    assert "make env" in done.stderr
    assert compose.left_overs() == []


@pytest.mark.parametrize("service", SETTINGS)
def test_hands_every_setting_to_its_service(compose: Compose, service: str) -> None:
    # The lines that the image sets itself need not be there
    fixed = {"VIGIL_HOME", "HEARTBEAT_PATH"}
    wanted = {name.upper() for name in SETTINGS[service].model_fields} - fixed

    # With --no-interpolate a name without a value stays in the list
    written = compose.run("config", "--no-interpolate", "--format", "json", service)

    assert {name for name in wanted if f'"{name}"' not in written} == set()
    assert {name.upper() for name in CoreSettings.model_fields} - fixed <= wanted


def test_opens_no_port_but_the_front_door(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["nginx"]


def test_gives_every_container_the_least(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert service["pids_limit"] > 0, name
        assert "stop_grace_period" in service, name
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name


def test_keeps_the_buses_off_the_world(compose: Compose) -> None:
    config = compose.config()
    inside = {name for name, network in config["networks"].items() if network.get("internal")}

    for name in ("redis-media", "redis-queue", "postgres", "migrate"):
        assert set(config["services"][name]["networks"]) <= inside


def test_keeps_postgresql_to_its_owner(services: dict[str, Any]) -> None:
    near = {name for name, service in services.items() if "database" in service["networks"]}

    assert near == {"postgres", "migrate", "web", "writer"}


def test_the_gpu_file_gives_recognition_a_gpu_and_changes_no_other(compose: Compose) -> None:
    plain = compose.config()["services"]
    with_gpu = replace(compose, files=[*compose.files, GPU_FILE]).config()["services"]

    changed = {name for name in plain if with_gpu[name] != plain[name]}
    assert changed == {"object_recognition"}
    [device] = with_gpu["object_recognition"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_the_runtime_for_gpus_is_of_the_locked_version() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [version] = [package["version"] for package in locked if package["name"] == "onnxruntime"]

    assert f"\nonnxruntime-gpu=={version} " in CUDA_REQUIREMENTS.read_text()
