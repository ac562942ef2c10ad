"""The stream path with its real collaborators: both kinds of picture, and what reads them."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from vigil import keys
from vigil.bus.connection import RedisClient
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.masked import KnownConfigs, MaskedFrames
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.base import StatusBoard
from vigil.bus.watchers.redis import RedisWatchers
from vigil.clock import Clock
from vigil.messages import CameraStatus
from web.live.feeds import FeedBoard
from web.live.reader import LiveReader
from web.live.service import RECHECK_S, LiveViews
from web.live.stream import Waker
from web.live.substitutes import NoSignal, RawWithBanner, Substitute


@dataclass(frozen=True, slots=True)
class Live:
    """What a web process needs of the stream path.

    Attributes:
        raw, boxed: For the routes.
        readers: Each runs in a thread of its own.
    """

    raw: LiveViews
    boxed: LiveViews
    readers: tuple[LiveReader, LiveReader]


def build_live(
    redis: RedisClient,
    *,
    statuses: StatusBoard[CameraStatus],
    facts: KnownConfigs,
    site_zone: ZoneInfo,
    clock: Clock,
    recheck_s: float = RECHECK_S,
) -> Live:
    """Return the stream path over a media Redis. Call in the thread of the server's hub."""
    waker, watchers = Waker(), RedisWatchers(redis)
    takers = RedisWatchers(redis, key_of=keys.taken)
    stores = {
        kind: MaskedFrames(RedisFrameStore(redis, kind=kind), facts) for kind in keys.FrameKind
    }
    no_signal = NoSignal(statuses=statuses, facts=facts, site_zone=site_zone, clock=clock)
    with_banner = RawWithBanner(
        raw=stores[keys.FrameKind.RAW],
        leases=RedisLeases(redis, role=keys.Role.RECOGNITION),
        facts=facts,
        no_signal=no_signal,
        site_zone=site_zone,
    )

    def views(kind: keys.FrameKind, substitute: Substitute) -> tuple[LiveViews, LiveReader]:
        board = FeedBoard(waker.notify)
        store = stores[kind]
        reader = LiveReader(
            store=store,
            bell=RedisFrameBell(redis, kind=kind),
            board=board,
            watchers=watchers,
            takers=takers,
            substitute=substitute,
            clock=clock,
        )
        live = LiveViews(
            store=store,
            watchers=watchers,
            board=board,
            waker=waker,
            substitute=substitute,
            clock=clock,
            recheck_s=recheck_s,
        )
        return live, reader

    raw, raw_reader = views(keys.FrameKind.RAW, no_signal)
    boxed, boxed_reader = views(keys.FrameKind.BOXED, with_banner)
    return Live(raw=raw, boxed=boxed, readers=(raw_reader, boxed_reader))
