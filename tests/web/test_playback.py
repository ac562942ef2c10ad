"""Footage of some time as one stream: what a player reads by a playlist, and who may."""

import dataclasses
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from typing_extensions import override

from tests.cameras.clips import SMALL, CardClip
from tests.footage import Footage, footage_of
from tests.recorder.clips import make_clip
from tests.web.conftest import WorldOf
from tests.web.recorded import (
    BEGAN,
    LATER_S,
    Archive,
    Parsed,
    ask,
    at,
    fetch,
    later,
    parsed,
    playlist_path,
)
from tests.web.worlds import World
from vigil.bus.packets.base import EntryId
from vigil.mp4.index import GopIndex
from web.access.rights import Role
from web.database import db
from web.playback.service import MAX_FILES
from web.playback.shelf import GopShelf
from web.recordings.models import Segment
from web.wiring import EXTENSION


@pytest.fixture
def archive(world: World) -> Archive:
    return Archive(world)


@pytest.fixture
def sent(card_clip: CardClip) -> Footage:
    """Give ten seconds with a keyframe each 0.4 s."""
    return footage_of(card_clip(replace(SMALL, length_s=10.0)))


@pytest.fixture
def camera_id(archive: Archive, sent: Footage) -> int:
    """Give a camera of which ten seconds were recorded, in four files."""
    number = archive.world.camera()
    archive.record(number, sent)
    return number


def read(archive: Archive, playlist: Parsed) -> Iterator[bytes]:
    """Yield the packets of all pieces, read as a player does: each behind its file's head."""
    client = archive.world.admin().client
    token = {"Authorization": f"Bearer {archive.world.admin().access_token}"}
    for piece in playlist.pieces:
        content = b""
        for size, begin in (piece.head, piece.place):
            ranges = {"Range": f"bytes={begin}-{begin + size - 1}"}
            path = piece.uri.replace("../", "/recordings/")
            answer = client.get(path, headers=token | ranges, buffered=True)
            assert answer.status_code == 206
            content += answer.get_data()
        with av.open(io.BytesIO(content), "r") as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            assert packets[0].is_keyframe
            yield from (bytes(packet) for packet in packets)


def payloads(sent: Footage) -> list[bytes]:
    return [entry.packet.data for entry in sent.entries]


def test_all_that_was_recorded_is_in_the_stream_once_and_in_order(
    archive: Archive, camera_id: int, sent: Footage
) -> None:
    playlist = ask(archive.world.admin(), playlist_path(camera_id, 0))

    assert list(read(archive, playlist)) == payloads(sent)
    assert playlist.is_over
    assert len(playlist.uris()) == 4
    assert playlist.length_s == pytest.approx(10, abs=0.001)
    # Of each file it is said when it was captured
    begun = {number: BEGAN + timedelta(seconds=3.2 * number) for number in range(4)}
    assert playlist.captured_at == begun
    assert playlist.breaks == [1, 2, 3]


def test_a_span_begins_with_the_keyframe_before_it(archive: Archive, camera_id: int) -> None:
    answer = archive.world.admin().get(playlist_path(camera_id, 4, 5))

    playlist = parsed(answer.text)
    assert playlist.uris() == ["../files/2"]
    assert playlist.captured_at == {0: BEGAN + timedelta(seconds=3.2)}
    assert "#EXT-X-START:TIME-OFFSET=0.800,PRECISE=YES" in answer.text


def test_a_gap_another_size_and_another_codec_are_one_stream(
    archive: Archive, camera_id: int, card_clip: CardClip, tmp_path: object
) -> None:
    # Given footage of three kinds, with half a minute of none between the first two
    larger = footage_of(card_clip(replace(SMALL, size_wh=(640, 360), length_s=4.0)))
    hevc = footage_of(make_clip(archive.folder.parent / "hevc.mp4", seconds=4, codec="libx265"))
    archive.record(camera_id, later(larger, 40))
    archive.record(camera_id, later(hevc, 44))

    playlist = ask(archive.world.admin(), playlist_path(camera_id, 0))

    # Then all is there, and the gap takes no time of it
    assert playlist.length_s == pytest.approx(18, abs=0.1)
    breaks = [playlist.captured_at[number] - BEGAN for number in playlist.breaks]
    wanted = [3.2, 6.4, 9.6, 40, 43.2, 44, 47]
    assert [each.total_seconds() for each in breaks] == pytest.approx(wanted, abs=0.001)
    sizes = {
        segment["codec"]: (segment["width_px"], segment["height_px"])
        for segment in archive.segments(camera_id)
    }
    assert sizes == {"h264": (640, 360), "hevc": (160, 96)}
    whole = [*payloads(larger), *payloads(hevc)]
    assert list(read(archive, playlist))[-len(whole) :] == whole


def test_what_a_killed_recorder_and_its_successor_both_wrote_is_shown_once(
    archive: Archive, sent: Footage
) -> None:
    # Given one that was killed a little after its last sync, and another that went on
    camera_id = archive.world.camera()
    first = archive.recorder(camera_id, sent, segment_s=60)
    first.position = EntryId("1-0")
    first.take(sent.entries[:100], now_s=1.0)
    first.sync(now_s=1.0)
    first.take(sent.entries[100:130], now_s=1.0)
    second = archive.recorder(camera_id, sent, segment_s=60, epoch=6)
    ids = [entry.entry_id for entry in sent.entries]
    assert second.position is not None
    second.take(sent.entries[ids.index(second.position) + 1 :], now_s=1.0)
    second.close()
    archive.file()
    before, after = archive.segments(camera_id)
    assert before["ended_at"] > after["begun_at"]

    playlist = ask(archive.world.admin(), playlist_path(camera_id, 0))

    assert list(read(archive, playlist)) == payloads(sent)
    assert playlist.length_s == pytest.approx(10, abs=0.01)


def test_of_a_file_that_grows_all_is_there_that_is_whole(archive: Archive, sent: Footage) -> None:
    camera_id = archive.world.camera()
    grows = archive.recorder(camera_id, sent, segment_s=60)
    grows.position = EntryId("1-0")
    grows.take(sent.entries[:200], now_s=1.0)
    grows.sync(now_s=1.0)
    archive.file()

    # When it is asked for up to now, then to the end of what is whole
    playlist = ask(archive.world.admin(), playlist_path(camera_id, 0))
    seen = list(read(archive, playlist))
    assert playlist.is_over
    assert 180 <= len(seen) <= 200
    assert seen == payloads(sent)[: len(seen)]

    # When it is asked for to a time that is still to come, it goes on, and nothing of it changes
    path = playlist_path(camera_id, 0, LATER_S + 60)
    before = ask(archive.world.admin(), path)
    grows.take(sent.entries[200:], now_s=1.0)
    grows.close()
    archive.file()
    after = ask(archive.world.admin(), path)
    assert not before.is_over
    assert not after.is_over
    assert before.pieces == after.pieces[: len(before.pieces)]
    assert list(read(archive, after)) == payloads(sent)


def test_a_file_that_is_deleted_underneath_is_said_to_be_and_not_listed_again(
    archive: Archive, camera_id: int
) -> None:
    admin = archive.world.admin()
    before = ask(admin, playlist_path(camera_id, 0))
    archive.files()[1].unlink()

    answer = fetch(admin, before.pieces[1].uri, before.pieces[1].place)
    assert answer.status_code == 404
    assert "was deleted" in answer.json["message"]
    after = ask(admin, playlist_path(camera_id, 0))
    assert after.uris() == [uri for uri in before.uris() if uri != before.pieces[1].uri]
    assert after.breaks == [1, 2]

    for path in archive.files():
        path.unlink()
    answer = admin.get(playlist_path(camera_id, 0))
    assert answer.status_code == 404
    assert f"no footage of camera {camera_id}" in answer.json["message"]


def test_files_of_which_nothing_can_be_played_are_left_out(
    archive: Archive, camera_id: int
) -> None:
    for path, content in zip(archive.files(), (b"", b"garbage", b"\0" * 5000), strict=False):
        path.write_bytes(content)
    playlist = ask(archive.world.admin(), playlist_path(camera_id, 0))
    assert playlist.uris() == ["../files/4"]


def test_footage_on_a_volume_that_is_not_here_is_said_to_be_elsewhere(
    archive: Archive, camera_id: int
) -> None:
    admin = archive.world.admin()
    volume = str(archive.volume.volume_id)
    path = ask(admin, playlist_path(camera_id, 0)).uris()[0].replace("../", "/recordings/")
    marker = archive.folder / ".vigil-volume"
    marker.write_text("00000000-0000-0000-0000-00000000002a")

    for address in (
        playlist_path(camera_id, 0),
        path,
        f"/recordings/{camera_id}/thumbnail?at={at(1)}",
    ):
        answer = admin.get(address)
        assert answer.status_code == 503, address
        assert volume in answer.json["message"]
        assert "another machine's" in answer.json["message"]

    # Of footage that lies here in part, a player is given that, and a reader told
    marker.write_text(volume)
    with archive.world.app.app_context():
        segment = db.session().get(Segment, 1)
        assert segment is not None
        segment.volume = segment.volume.__class__(int=42)
        db.session().commit()
    answer = admin.get(playlist_path(camera_id, 0))
    assert parsed(answer.text).uris() == ["../files/2", "../files/3", "../files/4"]
    note = "# 1 file is on a volume that is not mounted here\n"
    assert note in answer.text
    # But not of footage that was over before
    assert note not in admin.get(playlist_path(camera_id, 3.5)).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "since"),
        (f"?since={at(0)}&until={at(0)}", "after since"),
        (f"?since={at(0)}&until={at(-1)}", "after since"),
        ("?since=yesterday", "since"),
        ("?since=2026-09-21T14:13:20", "since"),
    ],
)
def test_a_span_that_is_none_is_refused(archive: Archive, query: str, words: str) -> None:
    camera_id = archive.world.camera()
    answer = archive.world.admin().get(f"/recordings/{camera_id}/playlist.m3u8{query}")
    assert answer.status_code == 422
    assert words in answer.json["message"]


def test_a_span_of_too_many_files_is_refused(archive: Archive) -> None:
    camera_id = archive.world.camera()
    with archive.world.app.app_context():
        db.session().add_all(
            Segment(
                camera_id=camera_id,
                epoch=1,
                volume=archive.volume.volume_id,
                path=f"{camera_id}/2026-09-21/{number}.mp4",
                revision=2,
                begun_at=BEGAN + timedelta(seconds=number + 1),
                ended_at=BEGAN + timedelta(seconds=number + 2),
                first_entry=f"{number}-0",
                last_entry=f"{number}-9",
                size_bytes=1,
                codec="h264",
                width_px=160,
                height_px=96,
            )
            for number in range(MAX_FILES + 1)
        )
        db.session().commit()
    answer = archive.world.admin().get(playlist_path(camera_id, 0))
    assert answer.status_code == 422
    assert f"more than {MAX_FILES} files" in answer.json["message"]
    assert archive.world.admin().get(playlist_path(camera_id, 2)).status_code == 404


def test_who_waits_for_a_disk_holds_no_connection_to_postgresql(
    archive: Archive, camera_id: int
) -> None:
    world, held = archive.world, []
    with world.app.app_context():
        pool: Any = db.engine.pool

    class WatchedShelf(GopShelf):
        @override
        def gops_of(self, path: str | Path) -> GopIndex | None:
            held.append(pool.checkedout())
            return super().gops_of(path)

    wiring = world.wiring
    world.app.extensions[EXTENSION] = dataclasses.replace(wiring, gops=WatchedShelf())
    try:
        ask(world.admin(), playlist_path(camera_id, 0))
        path = f"/recordings/{camera_id}/thumbnail?at={at(1)}"
        assert world.admin().get(path).status_code == 200
    finally:
        world.app.extensions[EXTENSION] = wiring
    assert held == [0] * 5


def test_behind_nginx_the_files_are_nginxs_to_send(
    world_of: WorldOf, sent: Footage, card_clip: CardClip
) -> None:
    archive = Archive(world_of(footage_by_nginx=True))
    camera_id = archive.world.camera()
    archive.record(camera_id, sent)

    answer = archive.world.admin().get("/recordings/files/1")

    path = archive.files()[0].relative_to(archive.folder)
    assert answer.headers["X-Accel-Redirect"] == f"/_footage/{path}"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.text == ""
    # And what may not be seen, or is gone, is none
    assert archive.world.person(Role.VIEWER).get("/recordings/files/1").status_code == 404
    archive.files()[0].unlink()
    assert archive.world.admin().get("/recordings/files/1").status_code == 404
