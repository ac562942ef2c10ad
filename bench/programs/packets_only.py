"""The camera controller without its decoders: what taking cameras in costs by itself."""

from collections.abc import Mapping
from typing import NoReturn

from typing_extensions import override

from camera_ctrl.__main__ import main
from camera_ctrl.placement import Placement
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.stream_choice import StreamChoice
from vigil.camera_document import CameraConfig
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch


class _NoDecoders(ShardPool):
    """A pool that serves no camera, and so has no shard."""

    @override
    def serve(
        self,
        cameras: Mapping[CameraId, CameraConfig],
        epochs: Mapping[CameraId, Epoch],
        choices: Mapping[CameraId, StreamChoice] | None = None,
    ) -> None:
        pass


def _no_decoders(settings: CameraSettings, clock: SystemClock) -> ShardPool:
    return _NoDecoders(
        "decode", start=_refuse, placement=Placement(settings.cameras_per_shard), clock=clock
    )


def _refuse(name: str) -> NoReturn:
    raise AssertionError(f"{name} was started where nothing is decoded")


if __name__ == "__main__":
    raise SystemExit(main(decoders=_no_decoders))
