"""When a clip begins by the site's clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vigil.clock import utc_from_us
from vigil.errors import SetupInvalid

#: How the time of a clip is called of which nobody knows when it was captured.
_SINCE_BEGINNING = timezone(timedelta(0), "from the beginning")
#: Midnight of such a clip: a day behind 1970, so that no time zone makes it less than nothing.
_UNKNOWN_DAY = datetime(1970, 1, 2)  # noqa: DTZ001 - of the zone that is asked for.


@dataclass(frozen=True, slots=True)
class Begins:
    """When a clip's first frame was captured.

    Attributes:
        us: As UTC in microseconds since 1970; midnight of some day where nobody knows.
        zone: In which the camera's times are shown.
        is_known: Whether somebody, or the file, said so.
    """

    us: int
    zone: tzinfo
    is_known: bool

    def shown(self, at_us: int) -> datetime:
        """Return what is shown as the time of a frame, so many microseconds behind the first."""
        if not self.is_known:
            return _UNKNOWN_DAY.replace(tzinfo=_SINCE_BEGINNING) + timedelta(microseconds=at_us)
        return utc_from_us(self.us + at_us).astimezone(self.zone)

    def iso(self, at_us: int) -> str | None:
        """Return when a frame was captured as ISO 8601, to a millisecond; None: nobody knows."""
        return self.shown(at_us).isoformat(timespec="milliseconds") if self.is_known else None


def begins_of(said: str | None, *, created_at: datetime | None, time_zone: str) -> Begins:
    """Return when a clip begins.

    Args:
        said: What somebody who asks says: ISO 8601, by the site's clock unless it tells another.
        created_at: What the file says.
        time_zone: IANA name of the site's.

    Raises:
        SetupInvalid: What was said is no time.
    """
    zone = _zone_of(time_zone)
    if said is not None:
        return _known(_parsed(said), zone)
    if created_at is not None:
        return _known(created_at, zone)
    return Begins(_us_of(_UNKNOWN_DAY.replace(tzinfo=zone)), zone, is_known=False)


def _known(moment: datetime, zone: tzinfo) -> Begins:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return Begins(_us_of(aware), zone, is_known=True)


def _us_of(moment: datetime) -> int:
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


def _parsed(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = None
    # A day behind 1970, for the zones east of Greenwich.
    if moment is None or not _UNKNOWN_DAY.year < moment.year < 2200:
        raise SetupInvalid(
            f"--begins {said}: that is no time; right is 2026-11-30T02:00, by the site's clock, "
            "or with a zone 2026-11-30T02:00+01:00"
        )
    return moment


def _zone_of(time_zone: str) -> tzinfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # As in the picture, which says UTC then.
        return UTC
