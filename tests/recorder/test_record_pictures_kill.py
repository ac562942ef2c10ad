"""Recorders of pictures, and their encoders, that are killed lose none that is still in Redis."""

import itertools
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from bench.true_packets import as_one, in_order, missing_of
from standalone.servers.valkey import EmbeddedValkey
from tests.recorder.cards import CARD_FPS, cards, numbers_in
from tests.recorder.street import START_S, Street
from tests.waiting import wait_until
from vigil import keys
from vigil.facts import GapFact, decode_fact

KILLS = 10
#: Longer than what two files may hold both.
ROUND_S = 40
GOP = round(2 * CARD_FPS)


@pytest.fixture
def street(valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[Street]:
    sent = cards(round(ROUND_S * CARD_FPS))
    it = Street(valkey.url, tmp_path / "home", sent, round_s=ROUND_S)
    yield it
    it.close()


@pytest.mark.soak
def test_no_picture_is_lost_by_kills(street: Street, soak_s: float) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # Who repeats a failure needs it.
    rng, until_s = random.Random(seed), time.monotonic() + soak_s
    street.begin()
    street.start()
    wait_until(lambda: any(street.footage.rglob("*.mp4")), timeout_s=START_S)
    for number in itertools.count():
        if number >= KILLS and time.monotonic() > until_s:
            break
        # The moment is what is tried: there is no condition to wait for.
        time.sleep(rng.uniform(0.3, 2.0))
        if rng.random() < 0.5:
            _kill_encoder(street)
        else:
            street.end(signal.SIGKILL)
            street.start()
    sent = street.count
    wait_until(lambda: street.count > sent + 3 * CARD_FPS, timeout_s=START_S)
    street.stop_sending()
    wait_until(street.is_safe, timeout_s=START_S)
    street.end(signal.SIGTERM)

    files = sorted(street.footage.rglob("*.mp4"), key=in_order)
    shown = [[b"%d" % (number or 0) for number in numbers_in(path)] for path in files]
    recorded = as_one(shown)
    clip = [b"%d" % number for number in range(len(street.sent.entries))]
    assert missing_of(recorded, clip) == 0
    # From the newest that was there when the first recorder had started up to the last
    assert street.count - 10 * CARD_FPS < len(recorded) <= street.count
    assert recorded[-1] == clip[(street.count - 1) % len(clip)]
    # No more is there twice than up to a GOP, and what was not synced, each time
    assert sum(map(len, shown)) - len(recorded) <= number * (GOP + 2 * CARD_FPS)
    with redis.Redis.from_url(street.url) as queue:
        facts = [fact for _, entry in queue.xrange(keys.facts()) for fact in entry.values()]
    assert not [each for each in map(decode_fact, facts) if isinstance(each, GapFact)]


def _kill_encoder(street: Street) -> None:
    for child in psutil.Process(street.recorder_pid).children():
        with suppress(psutil.NoSuchProcess):
            child.kill()
