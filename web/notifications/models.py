"""What accounts were told."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Notification(Base):
    """A message to one account, perhaps about a camera, perhaps with a picture.

    Attributes:
        camera_id: None: about no camera, or about one that was deleted since.
        image_path: As `/image/<path>` serves it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        sa.CheckConstraint("char_length(message) BETWEEN 1 AND 2000", name="message_length"),
        sa.Index("ix_notifications_account_id_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id", ondelete="CASCADE"))
    camera_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("cameras.id", ondelete="SET NULL"), index=True
    )
    message: Mapped[str]
    image_path: Mapped[str | None] = mapped_column(
        sa.ForeignKey("saved_pictures.path", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )
