"""Samples stand one after the other, however the stamps of their packets shake."""

import pytest

from recorder.audio.timeline import Timeline

#: Units of a millisecond; packets of 20.
RATE, PACKET = 1000, 20


@pytest.mark.parametrize(
    ("stamps", "begins", "missing"),
    [
        # As they should be
        ([5, 25, 45], [5, 25, 45], 0),
        # They shake by milliseconds, as those of a container that counts in them
        ([0, 21, 39, 61, 80], [0, 20, 40, 60, 80], 0),
        # A packet is lost, and three
        ([0, 40, 60], [0, 40, 60], 20),
        ([0, 80, 100], [0, 80, 100], 60),
        # One that began before the file, and ends in it
        ([-7, 13, 33], [0, 20, 40], 0),
        # They shake by more than a packet: silence once, and then no more
        ([0, 40, 40, 60, 100, 100], [0, 40, 60, 80, 100, 120], 20),
        # Sound that is sent twice is left out; what follows is not
        ([0, 20, 40, 60, 80, 0, 100], [0, 20, 40, 60, 80, None, 100], 0),
        # A clock that is fast against its stamps: never more than three packets behind them
        ([0, 0, 0, 0, 0, 0, 0], [0, 20, 40, 60, None, None, None], 0),
    ],
)
def test_packets_have_their_places(
    stamps: list[int], begins: list[int | None], missing: int
) -> None:
    timeline = Timeline(RATE)
    places = [timeline.place(at, PACKET) for at in stamps]

    assert [None if place is None else place.begins for place in places] == begins
    assert sum(place.missing for place in places if place is not None) == missing
