"""Plays a file to one client, in the file's own time."""

import asyncio
import itertools
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from standalone.demo.rtsp.media import Media
from standalone.demo.rtsp.outlet import Outlet
from standalone.demo.rtsp.rtp import payloads, rtp_packet, sender_report
from standalone.demo.rtsp.schedule import Cue, cues, last_key_s
from standalone.demo.rtsp.sdp import payload_type
from vigil.clock import MICROSECONDS, Clock

#: Seconds from one sender report to the next.
_REPORT_EVERY_S = 5.0
_CANONICAL_NAME = "vigil-demo-camera"


class Programme:
    """What a camera shows, to all its clients. It can be changed while they watch.

    Args:
        media: What is shown first.
        clock: Tells how far it is.
        from_start: Whether each client begins at the file's beginning; else all see the same.
    """

    def __init__(self, media: Media, *, clock: Clock, from_start: bool) -> None:
        self.media = media
        self._clock = clock
        self._from_start = from_start
        self._begun_s = clock.monotonic_s()

    def show(self, media: Media) -> None:
        """Show another file from now on, from its beginning."""
        self.media = media
        self._begun_s = self._clock.monotonic_s()

    def cues(self) -> Iterator[Cue]:
        """Yield what a client is to be sent that comes now, from a keyframe on."""
        at_s = 0.0 if self._from_start else self._clock.monotonic_s() - self._begun_s
        return cues(self.media, last_key_s(self.media, at_s))


@dataclass(slots=True)
class _Track:
    """A track as one client gets it: its random beginnings, and what was sent."""

    outlet: Outlet
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    first_sequence: int = field(default_factory=lambda: secrets.randbits(15))
    first_stamp: int = field(default_factory=lambda: secrets.randbits(31))
    packets: int = 0
    payload_bytes: int = 0
    next_report_s: float = 0.0


class Player:
    """Sends a programme's packets to one client, each when it is due.

    Args:
        programme: What to play.
        outlets: Where each track goes, by its number; a track without one is not sent.
        clock: Paces the packets, and stamps the reports.
    """

    def __init__(
        self, *, programme: Programme, outlets: Mapping[int, Outlet], clock: Clock
    ) -> None:
        self._programme = programme
        self._clock = clock
        self._tracks = {number: _Track(outlet) for number, outlet in outlets.items()}
        self._begun_us = clock.utc_us()

    async def play(self) -> None:
        """Send until cancelled.

        Raises:
            ClientTooSlow: The client does not keep up.
        """
        begun_s, self._begun_us = self._clock.monotonic_s(), self._clock.utc_us()
        played_s = 0.0
        while True:
            # A programme that changes goes on in the same time, with its own first keyframe.
            offset_s, media = played_s, self._programme.media
            for cue in self._programme.cues():
                wait_s = begun_s + offset_s + cue.due_s - self._clock.monotonic_s()
                await asyncio.sleep(max(0.0, wait_s))
                if self._programme.media is not media:
                    break
                played_s = offset_s + cue.due_s
                self._send(media, cue, offset_s)

    def rtp_info(self, url: str) -> str:
        """Return the value of the RTP-Info header: where sequence and time of each track begin."""
        return ",".join(
            f"url={url}/track{number};seq={track.first_sequence & 0xFFFF}"
            f";rtptime={track.first_stamp & 0xFFFF_FFFF}"
            for number, track in self._tracks.items()
        )

    def _send(self, media: Media, cue: Cue, offset_s: float) -> None:
        track = self._tracks.get(cue.track)
        if track is None or cue.track >= len(media.tracks):
            return
        form = media.tracks[cue.track].format
        offset = round(Fraction(offset_s) * form.clock_hz)
        stamp = track.first_stamp + offset + cue.stamp
        if offset_s + cue.due_s >= track.next_report_s:
            # When it is meant to be shown, not when we come to send it: by that a client has both
            # tracks in step, however late a busy machine sends either.
            shown_s = (offset + cue.stamp) / form.clock_hz
            self._report(track, stamp, self._begun_us + round(shown_s * MICROSECONDS))
            track.next_report_s += _REPORT_EVERY_S
        sequence = itertools.count(track.first_sequence + track.packets)
        packets = [
            rtp_packet(
                payload,
                kind=payload_type(cue.track),
                sequence=next(sequence),
                stamp=stamp,
                ssrc=track.ssrc,
                marker=marker,
            )
            for payload, marker in payloads(form, cue.unit)
        ]
        track.outlet.send(packets)
        track.packets += len(packets)
        track.payload_bytes += sum(map(len, packets)) - 12 * len(packets)

    def _report(self, track: _Track, stamp: int, utc_us: int) -> None:
        track.outlet.report(
            sender_report(
                ssrc=track.ssrc,
                utc_us=utc_us,
                stamp=stamp,
                packets=track.packets,
                payload_bytes=track.payload_bytes,
                name=_CANONICAL_NAME,
            )
        )
