"""Facts that could not be filed."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class SetAsideFact(Base):
    """A fact that can never be filed, as it came, and why.

    Attributes:
        entry_id: In the stream of facts: set aside once, however often it is taken.
        raw: What it says, cut to MAX_RAW bytes.
    """

    __tablename__ = "set_aside_facts"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    entry_id: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), index=True
    )
    reason: Mapped[str]
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)
