"""``/recordings/storage``."""

from collections.abc import Sequence
from http import HTTPStatus

from flask.views import MethodView

from web.blueprint import ApiBlueprint
from web.schemas import Told
from web.storage import service
from web.storage.schemas import StorageOut
from web.wiring import wired

blp = ApiBlueprint("storage", __name__, description="How full the disks of footage are.")


@blp.route("/recordings/storage")
class Storage(MethodView):
    """The volumes of footage."""

    @blp.response(HTTPStatus.OK, StorageOut)
    def get(self) -> dict[str, Sequence[Told]]:
        """Tell how full each volume is, what each camera takes, and how long there is room."""
        return {"volumes": service.volumes(wired().footage, now=wired().now())}
