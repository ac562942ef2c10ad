"""The process that looks at one camera in quarantine, and what it has instead of leases."""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from vigil.domain.camera import CameraId, Epoch
from vigil.messages import MemberReport
from vigil.runtime import StopSignal

log = structlog.get_logger(__name__)

# Never fork: inference sessions and connections do not survive it.
_SPAWN = multiprocessing.get_context("spawn")


class LookerProcess:
    """A child that looks at one camera. See ``quarantine.Looker``.

    Args:
        main: What it runs, with arguments, and by name the camera, its epoch and our pid.
        arguments: Of main.
        camera_id: Of the camera.
        epoch: Of our lease on it.
    """

    def __init__(
        self,
        camera_id: CameraId,
        epoch: Epoch,
        *,
        main: Callable[..., object],
        arguments: tuple[Any, ...],
    ) -> None:
        self._process = _SPAWN.Process(
            target=main,
            args=arguments,
            kwargs={"camera_id": camera_id, "epoch": epoch, "parent_pid": os.getpid()},
            name=f"camera {camera_id}",
            daemon=True,
        )
        self._process.start()
        log.info("looker_started", camera_id=camera_id, pid=self._process.pid)

    def is_alive(self) -> bool:
        """Return whether it runs."""
        return self._process.is_alive()

    def ask_to_end(self) -> None:
        """Ask it to end, and do not wait for it."""
        self._process.terminate()

    def end(self, *, within_s: float = 0.0) -> None:
        """Wait for its end, kill it if that does not come in time, and clear up behind it."""
        self._process.join(within_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        log.info("looker_ended", exit_code=self._process.exitcode)
        self._process.close()


class LentLease:
    """What a looker has of its worker's lease: an epoch, for as long as writes under it succeed.

    Args:
        camera_id: The camera.
        epoch: Of the worker's lease.
        member: The worker's name.
        parent_pid: Who renews the lease.
        stop: Set when the lease is lost, or nobody renews it any more.
    """

    def __init__(
        self,
        camera_id: CameraId,
        epoch: Epoch,
        *,
        member: str,
        parent_pid: int,
        stop: StopSignal,
    ) -> None:
        self.member = member
        self.members = frozenset({member})
        self._held = {camera_id: epoch}
        self._parent_pid = parent_pid
        self._stop = stop

    def keep(
        self,
        costs: Mapping[CameraId, float],
        _report: MemberReport,
        *,
        takes_offers: bool,  # noqa: ARG002  A keeper's signature.
    ) -> None:
        """End when the worker that renews the lease is gone, or nobody wants the camera."""
        if os.getppid() != self._parent_pid or not self._held.keys() & costs.keys():
            self._stop.set()

    def held(self) -> dict[CameraId, Epoch]:
        """Return the camera, until a write was refused."""
        return dict(self._held)

    def valid(self) -> dict[CameraId, Epoch]:
        """Return the same: the worker ends us when it loses the camera."""
        return dict(self._held)

    def lost(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        """End: the camera is another's."""
        if self._held.get(camera_id) == epoch:
            self._held.clear()
            self._stop.set()

    def forget(
        self,
        camera_id: CameraId,
        *,
        clear: Callable[[CameraId, Epoch], None],  # noqa: ARG002  A keeper's signature.
    ) -> None:
        """Leave a deleted camera and its lease to the worker, and end."""
        self.lost(camera_id, epoch=self._held[camera_id])

    def release_all(self) -> None:
        """Leave the lease to the worker."""
