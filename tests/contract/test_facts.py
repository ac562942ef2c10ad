"""What every FactLog and FactInbox promises."""

import pytest

from tests.contract.conftest import FactBus
from vigil.bus.facts.base import TAKEN_OVER_AFTER_S, FactInbox
from vigil.errors import BusUnavailable


def taken(inbox: FactInbox, limit: int = 100) -> list[bytes]:
    return [entry.raw for entry in inbox.take(limit=limit, wait_s=0.01)]


def test_what_is_told_is_taken_once_in_its_order(fact_bus: FactBus) -> None:
    fact_bus.log.append([b"one", b"two"])
    fact_bus.log.append([b"three"])
    fact_bus.log.append([])

    assert taken(fact_bus.inbox("a"), 2) == [b"one", b"two"]
    assert taken(fact_bus.inbox("b")) == [b"three"]
    assert taken(fact_bus.inbox("a")) == []


def test_a_fact_may_hold_any_bytes(fact_bus: FactBus) -> None:
    facts = [b"", b"\x00\xff{", b"x" * 100_000]

    fact_bus.log.append(facts)

    assert taken(fact_bus.inbox("a")) == facts


def test_what_a_writer_did_not_finish_is_anothers_in_time(fact_bus: FactBus) -> None:
    fact_bus.log.append([b"filed", b"not filed"])
    first, second = fact_bus.inbox("first"), fact_bus.inbox("second")
    entries = first.take(limit=10, wait_s=0.01)
    first.done([entries[0].entry_id])
    assert taken(second) == []

    fact_bus.let_pass(TAKEN_OVER_AFTER_S)
    fact_bus.log.append([b"new"])

    assert taken(second) == [b"not filed"]


def test_what_was_filed_makes_room(fact_bus: FactBus) -> None:
    inbox = fact_bus.inbox("a")
    fact_bus.log.append([b"fact"] * 10)

    with pytest.raises(BusUnavailable, match="10 facts wait for the writer"):
        fact_bus.log.append([b"one more"])
    inbox.done([entry.entry_id for entry in inbox.take(limit=1, wait_s=0.01)])

    fact_bus.log.append([b"one more"])
    assert len(taken(inbox)) == 10


def test_nothing_of_a_batch_is_kept_where_there_is_no_room_for_all(fact_bus: FactBus) -> None:
    fact_bus.log.append([b"fact"] * 9)

    with pytest.raises(BusUnavailable):
        fact_bus.log.append([b"two", b"more"])

    assert taken(fact_bus.inbox("a")) == [b"fact"] * 9


def test_an_emptied_server_is_used_again(fact_bus: FactBus) -> None:
    inbox = fact_bus.inbox("a")
    fact_bus.log.append([b"before"])
    entries = inbox.take(limit=10, wait_s=0.01)

    fact_bus.empty()

    inbox.done([entry.entry_id for entry in entries])
    assert taken(inbox) == []
    fact_bus.log.append([b"after"])
    assert taken(inbox) == [b"after"]
