"""The application factory. What the application needs, it is given."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound

from vigil.bus.status.base import StatusBoard
from vigil.domain.camera import CameraId
from vigil.messages import CameraConfig, CameraState, CameraStatus
from web.live.routes import Access
from web.live.stream import StillAllowed

Cameras = Callable[[], Mapping[CameraId, CameraConfig]]


def create_app(*, live: Blueprint, statuses: StatusBoard[CameraStatus], cameras: Cameras) -> Flask:
    """Return the application.

    Args:
        live: The routes of the stream path.
        statuses: What the holders of cameras say about them.
        cameras: The cameras that are known now.
    """
    app = Flask(__name__)
    app.register_blueprint(live)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/camera_status")
    def camera_status() -> dict[str, str]:
        """Say of each camera whether packets come now."""
        known = cameras()
        said = statuses.read(list(known))
        return {
            f"camera_{camera_id}": "active" if _is_active(said.get(camera_id)) else "inactive"
            for camera_id in sorted(known)
        }

    return app


def known_to_all(cameras: Cameras) -> Access:
    """Return the access of a server that only this machine can reach: whoever asks may see."""

    def require(camera_id: CameraId) -> StillAllowed:
        if camera_id not in cameras():
            raise NotFound(f"There is no camera {camera_id}.")
        return lambda: camera_id in cameras()

    return Access(require)


def _is_active(status: CameraStatus | None) -> bool:
    return status is not None and status.state is CameraState.ACTIVE
