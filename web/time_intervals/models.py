"""Spans of the day in which a camera's alerts are armed."""

from datetime import time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class TimeInterval(Base):
    """From start to end, every day, in the camera's time zone.

    Attributes:
        end_time: Before start_time: on the next day.
    """

    __tablename__ = "time_intervals"
    __table_args__ = (
        sa.UniqueConstraint("camera_id", "start_time", "end_time"),
        sa.CheckConstraint("start_time <> end_time", name="not_empty"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    camera_id: Mapped[int] = mapped_column(sa.ForeignKey("cameras.id", ondelete="CASCADE"))
    start_time: Mapped[time]
    end_time: Mapped[time]

    @property
    def crosses_midnight(self) -> bool:
        """Whether it ends on the day after it began."""
        return self.end_time < self.start_time
