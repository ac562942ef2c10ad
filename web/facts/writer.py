"""What the writer does: files facts in batches, each once, and sees that none stays for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from vigil.bus.exports.base import ExportQueue
from vigil.bus.facts.base import FactEntry, FactInbox
from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.clock import Clock, utc_from_us
from vigil.errors import BusUnavailable, MessageInvalid, SetupInvalid, Unavailable
from vigil.facts import ExportFact, Fact, FootageCheckAsked, TrackFact, decode_fact
from web.database import CHANGED_AT_ONCE
from web.errors import DatabaseUnavailable
from web.exports.filing import file_exports, forget_exports, look_after
from web.facts.service import forget_set_aside, set_aside
from web.lines.service import forget_crossings
from web.recordings.filing import file_footage, forget_gaps
from web.recordings.known import known_footage
from web.tracks.service import close_silent, file_tracks, forget

log = structlog.get_logger(__name__)

#: Facts of one transaction.
BATCH = 500
#: How long to wait for facts before the loop has its turn.
WAIT_S = 0.5
#: Workers tell of a track that goes on far more often: one that is silent so long has lost it.
SILENT_S = 600.0
#: Seconds between two looks at what is old.
TIDY_EVERY_S = 60.0

#: What PostgreSQL, or its driver, says of a value that it will never take.
_POISON = (DataError, IntegrityError, ValueError)


class FactWriter:
    """Files facts into PostgreSQL, and answers recorders that ask which footage is filed.

    Args:
        inbox: Where they come from.
        sessions: Of the database.
        known: Where answers go.
        exports: Where exports are sent again that were forgotten.
        clock: Judges what is old.
        kept_days: How long tracks, crossings, and what was set aside, are kept; gaps in footage
            too, or as long as there is older footage.
    """

    def __init__(
        self,
        inbox: FactInbox,
        sessions: sessionmaker[Session],
        *,
        known: KnownFootageBoard,
        exports: ExportQueue,
        clock: Clock,
        kept_days: int,
    ) -> None:
        self._inbox = inbox
        self._sessions = sessions
        self._known = known
        self._exports = exports
        self._clock = clock
        self._kept = timedelta(days=kept_days)
        #: Taken, and not known to be filed: it is tried again.
        self._batch: Sequence[FactEntry] = ()
        #: The newest question of each check in the batch.
        self._asked: dict[UUID, FootageCheckAsked] = {}
        self._tidy_due_s = 0.0

    def run_once(self) -> None:
        """File one batch, and tidy up now and then. A step for `vigil.runtime.run_until_stopped`.

        Raises:
            BusUnavailable: Redis does not answer.
            DatabaseUnavailable: PostgreSQL does not, or has another schema; nothing is lost.
        """
        if not self._batch:
            self._batch = self._inbox.take(limit=BATCH, wait_s=WAIT_S)
        if self._batch:
            self._file(self._batch)
            self._inbox.done([entry.entry_id for entry in self._batch])
            self._answer()
        # Behind a full batch wait facts of tracks that only seem to be silent.
        is_current, self._batch = len(self._batch) < BATCH, ()
        if self._clock.monotonic_s() >= self._tidy_due_s:
            self._tidy(is_current=is_current)
            self._tidy_due_s = self._clock.monotonic_s() + TIDY_EVERY_S

    def _file(self, batch: Sequence[FactEntry]) -> None:
        try:
            self._file_together(batch)
        except _POISON:
            # One of them is at fault: by themselves they say which.
            for entry in batch:
                self._file_alone(entry)
        except ProgrammingError as error:
            raise _other_schema(error) from error

    def _file_together(self, batch: Sequence[FactEntry]) -> None:
        facts: list[Fact] = []
        with self._sessions.begin() as session:
            for entry in batch:
                try:
                    facts.append(decode_fact(entry.raw))
                except MessageInvalid as error:
                    log.error("fact_set_aside", entry_id=entry.entry_id, reason=str(error))
                    set_aside(session, entry, str(error))
            file_tracks(session, [each for each in facts if isinstance(each, TrackFact)])
            file_footage(
                session,
                [e for e in facts if not isinstance(e, TrackFact | ExportFact | FootageCheckAsked)],
            )
            now = utc_from_us(self._clock.utc_us())
            file_exports(session, [e for e in facts if isinstance(e, ExportFact)], now=now)
        self._asked |= {each.check: each for each in facts if isinstance(each, FootageCheckAsked)}

    def _answer(self) -> None:
        """Answer what was asked, behind the facts that were told before.

        Who gets no answer asks again: facts never wait for one.
        """
        asked, self._asked = self._asked, {}
        for question in asked.values():
            try:
                with self._sessions() as session:
                    known = known_footage(session, question)
                self._known.put(known)
            except (Unavailable, SetupInvalid) as error:
                log.warning("footage_check_not_answered", reason=str(error))
            except ProgrammingError as error:
                raise _other_schema(error) from error

    def _file_alone(self, entry: FactEntry) -> None:
        try:
            self._file_together([entry])
        except _POISON as error:
            # The statement itself repeats the values, at length.
            reason = str(getattr(error, "orig", error)).strip()
            log.error("fact_set_aside", entry_id=entry.entry_id, reason=reason)
            with self._sessions.begin() as session:
                set_aside(session, entry, reason)

    def _tidy(self, *, is_current: bool) -> None:
        now = utc_from_us(self._clock.utc_us())
        silent_since, closed = now - timedelta(seconds=SILENT_S), 0
        try:
            if is_current:
                with self._sessions.begin() as session:
                    closed = close_silent(session, before=silent_since, limit=CHANGED_AT_ONCE)
            with self._sessions.begin() as session:
                forgotten = forget(session, before=now - self._kept, limit=CHANGED_AT_ONCE)
            with self._sessions.begin() as session:
                forget_crossings(session, before=now - self._kept, limit=CHANGED_AT_ONCE)
            with self._sessions.begin() as session:
                forget_set_aside(session, before=now - self._kept, limit=CHANGED_AT_ONCE)
            with self._sessions.begin() as session:
                forget_gaps(session, before=now - self._kept, limit=CHANGED_AT_ONCE)
            self._look_after_exports(now)
        except ProgrammingError as error:
            raise _other_schema(error) from error
        if closed or forgotten:
            log.info("tracks_tidied", closed=closed, forgotten=forgotten)

    def _look_after_exports(self, now: datetime) -> None:
        with self._sessions.begin() as session:
            forget_exports(session, before=now - self._kept, limit=CHANGED_AT_ONCE)
        try:
            with self._sessions.begin() as session:
                look_after(session, queue=self._exports, now=now)
        except BusUnavailable as error:
            log.warning("exports_not_looked_after", reason=str(error))


def _other_schema(error: ProgrammingError) -> DatabaseUnavailable:
    # What follows the first line repeats the statement.
    found = str(error.orig).partition("\n")[0]
    return DatabaseUnavailable(
        f"the schema is not this version's; 'vigil migrate' brings it there: {found}"
    )
