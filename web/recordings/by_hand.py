"""Recording that somebody begins and ends by hand, whatever the camera's mode is doing."""

from sqlalchemy.orm import Session

from vigil.camera_document import RecordingMode
from vigil.sealing import Sealer
from web.access.principal import Principal
from web.access.visibility import find_visible
from web.audit import service as audit
from web.cameras import service as cameras
from web.cameras.configuration import ConfigurationPublisher
from web.cameras.models import Camera
from web.errors import Conflict


class RecordingIsOff(Conflict):
    """The camera is never to be recorded, not even by hand."""


class ByHand:
    """Begins and ends recordings.

    Args:
        session: The request's.
        who: The caller.
        sealer: For what the camera keeps sealed, which stays as it is.
        configuration: Tells the recorders.
    """

    def __init__(
        self,
        session: Session,
        who: Principal,
        *,
        sealer: Sealer,
        configuration: ConfigurationPublisher,
    ) -> None:
        self._session, self._who = session, who
        self._sealer, self._configuration = sealer, configuration

    def start(self, camera_id: int) -> cameras.Change:
        """Have a camera recorded until somebody stops it.

        Raises:
            CameraNotFound: It is unknown, or hidden from the caller.
            RecordingIsOff: Its mode is ``off``.
        """
        self._recordable(camera_id)
        return self._change(camera_id, "recording.started", recording_started=True)

    def stop(self, camera_id: int) -> cameras.Change:
        """Take back what ``start`` did; the mode goes on.

        Raises:
            CameraNotFound: It is unknown, or hidden from the caller.
        """
        find_visible(self._session, self._who, camera_id)
        return self._change(camera_id, "recording.stopped", recording_started=False)

    def reset(self, camera_id: int) -> cameras.Change:
        """Have another file begun with the next keyframe, if it is recorded now.

        Raises:
            CameraNotFound: It is unknown, or hidden from the caller.
            RecordingIsOff: Its mode is ``off``.
        """
        self._recordable(camera_id)
        # Reckoned by PostgreSQL: two who ask at once get two.
        takes = Camera.recording_takes + 1
        return self._change(camera_id, "recording.reset", recording_takes=takes)

    def _recordable(self, camera_id: int) -> Camera:
        camera = find_visible(self._session, self._who, camera_id)
        if camera.recording == RecordingMode.OFF:
            raise RecordingIsOff(
                f"Recording of camera {camera_id} is off: "
                "set its recording to manual, or to another mode, first."
            )
        return camera

    def _change(self, camera_id: int, action: str, **changes: object) -> cameras.Change:
        audit.record(self._session, self._who, action, on=("camera", camera_id))
        return cameras.update(
            self._session,
            camera_id,
            changes,
            who=self._who,
            sealer=self._sealer,
            configuration=self._configuration,
        )
