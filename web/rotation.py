"""After a change of SECRET_KEY: what the one before sealed is sealed anew, so that it can go."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import InstrumentedAttribute, Session

from vigil.errors import MessageInvalid
from vigil.sealing import Sealer
from web.cameras.configuration import next_generation
from web.cameras.models import Camera
from web.recipients.models import LineToken

log = structlog.get_logger(__name__)

#: A sealed text; or several, and None in the place of each that is not sealed.
Kept: TypeAlias = str | list[str | None]

#: Every column that holds sealed texts.
SEALED: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Camera.sealed_url,
    Camera.credentials,
    Camera.sealed_sub_url,
    Camera.sub_credentials,
    Camera.sealed_recognition,
    LineToken.token,
)
#: Rows of one transaction: others that change cameras wait for its end.
BATCH = 100


def seal_anew(session: Session, sealer: Sealer) -> None:
    """Seal under the present secret whatever the one before it sealed.

    What is changed meanwhile stays as it was changed, so several may do this at once; a second
    time there is nothing left to do. The documents in Redis follow, since the revision grows.
    """
    for column in SEALED:
        kind, after, count = column.class_, 0, 0
        query = sa.select(kind.id, column).where(column.is_not(None)).order_by(kind.id).limit(BATCH)
        while rows := session.execute(query.where(kind.id > after)).all():
            # Nothing is held while they are opened.
            session.rollback()
            after = rows[-1][0]
            renewed = [
                (row_id, kept, _renewed_all(sealer, kept, column, row_id)) for row_id, kept in rows
            ]
            changed = [each for each in renewed if each[1] != each[2]]
            _replace(session, column, changed)
            count += len(changed)
        log.info("sealed_anew", table=kind.__tablename__, column=column.key, rows=count)


def _renewed_all(
    sealer: Sealer, kept: Kept, column: InstrumentedAttribute[Any], row_id: int
) -> Kept:
    if not isinstance(kept, list):
        return _renewed(sealer, kept, column, row_id)
    return [None if each is None else _renewed(sealer, each, column, row_id) for each in kept]


def _renewed(sealer: Sealer, token: str, column: InstrumentedAttribute[Any], row_id: int) -> str:
    try:
        return sealer.renewed(token)
    except MessageInvalid as error:
        table = column.class_.__tablename__
        log.error("sealed_unreadable", table=table, column=column.key, id=row_id, error=str(error))
        return token


def _replace(
    session: Session,
    column: InstrumentedAttribute[Any],
    changed: Sequence[tuple[int, Kept, Kept]],
) -> None:
    """Write new tokens where the old ones still are: row, old, new."""
    if not changed:
        return
    kind = column.class_
    values = {"revision": next_generation(session)} if kind is Camera else {}
    for row_id, old, new in changed:
        still_there = sa.update(kind).where(kind.id == row_id, column == old)
        session.execute(still_there.values({column.key: new, **values}))
    session.commit()
