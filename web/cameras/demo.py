"""The camera that an installation begins with, so that there is something to see."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.sealing import Sealer
from web.access.principal import Principal
from web.access.rights import Role
from web.cameras import service
from web.cameras.configuration import ConfigurationPublisher
from web.cameras.models import Camera, Generation
from web.cameras.schemas import CameraIn
from web.users.models import LOCAL_ADMIN, LOCAL_ADMIN_ID

NAME = "Demo street"
#: As many as its clip has, so that who walks there does not jump.
FRAME_FPS = 10.0

#: In the audit trail it is the machine that does this.
_MACHINE = Principal(LOCAL_ADMIN_ID, LOCAL_ADMIN, Role.ADMIN, address="startup")


def keep_demo_camera(
    session: Session,
    url: str,
    *,
    site_time_zone: str,
    sealer: Sealer,
    configuration: ConfigurationPublisher,
) -> None:
    """Add the demo camera to an empty installation, and follow it when its port has changed.

    Who has removed it is not given it again, and who has moved it has made it an own one.
    """
    demo = session.scalar(sa.select(Camera).where(Camera.is_demo))
    if demo is None:
        if session.scalar(sa.select(Generation.generation)):
            return
        fields = CameraIn().load({"name": NAME, "stream_url": url, "frame_fps": FRAME_FPS})
        service.add(
            session,
            {**fields, "is_demo": True},
            site_time_zone=site_time_zone,
            who=_MACHINE,
            sealer=sealer,
            configuration=configuration,
        )
    elif demo.stream_url != url:
        changes = {"stream_url": url, "is_demo": True}
        service.update(
            session,
            demo.id,
            changes,
            who=_MACHINE,
            sealer=sealer,
            configuration=configuration,
        )
