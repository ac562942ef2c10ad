"""Pictures that the system saved: the only ones it serves."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class SavedPicture(Base):
    """A JPEG under the folder of pictures.

    Attributes:
        path: Relative to that folder; what `/image/<path>` names.
    """

    __tablename__ = "saved_pictures"
    __table_args__ = (
        # No dot but the last, so no way up.
        sa.CheckConstraint(r"path ~ '^[a-z0-9_-]+(/[a-z0-9_-]+)*\.jpg$'", name="path_plain"),
        sa.CheckConstraint("char_length(path) <= 200", name="path_length"),
    )

    path: Mapped[str] = mapped_column(primary_key=True)
    camera_id: Mapped[int] = mapped_column(
        sa.ForeignKey("cameras.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
