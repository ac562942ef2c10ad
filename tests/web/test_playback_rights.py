"""Who may read footage as one stream: by rights, and by a token alone."""

from dataclasses import replace

import pytest

from tests.cameras.clips import SMALL, CardClip
from tests.footage import Footage, footage_of
from tests.web.recorded import Archive, ask, at, fetch, playlist_path
from tests.web.worlds import Caller, World
from web.access.rights import Role
from web.access.viewing import FOOTAGE_TOKEN_S

MASK = [{"x": 1, "y": 1, "width": 9, "height": 9}]


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


def test_who_may_not_see_a_camera_or_what_its_masks_hide_gets_no_playlist(
    archive: Archive, camera_id: int
) -> None:
    world = archive.world
    path = playlist_path(camera_id, 0)
    operator, granted = world.person(Role.OPERATOR), world.viewer_of(camera_id)
    assert world.person(Role.VIEWER, "stranger").get(path).status_code == 404
    assert world.stranger().get(path).status_code == 401
    assert {each.get(path).status_code for each in (operator, granted)} == {200}

    world.admin().post(f"/masks/{camera_id}", MASK)

    for each in (operator, granted):
        answer = each.get(path)
        assert answer.status_code == 403
        assert "privacy masks" in answer.json["message"]
    assert world.admin().get(path).status_code == 200


def signed_playlist(who: Caller, path: str) -> str:
    answer = who.post("/stream_tokens", {"path": path})
    assert answer.status_code == 201, answer.json
    url: str = answer.json["url"]
    return url


def test_a_player_reads_the_playlist_and_its_files_by_a_token_alone(
    archive: Archive, camera_id: int
) -> None:
    world, player = archive.world, archive.world.stranger()
    granted = world.viewer_of(camera_id)
    url = signed_playlist(granted, playlist_path(camera_id, 0))

    playlist = ask(player, url)
    # Long after the playlist's own token is over, as of one who watches for hours
    world.clock.advance(FOOTAGE_TOKEN_S - 60)
    for piece in playlist.pieces:
        assert fetch(player, piece.uri, piece.place).status_code == 206
    assert player.get(url).status_code == 401

    # But not for ever
    world.clock.advance(61)
    assert fetch(player, playlist.pieces[0].uri, playlist.pieces[0].place).status_code == 401


def test_a_playlists_token_opens_its_cameras_files_and_nothing_else(
    archive: Archive, camera_id: int, sent: Footage
) -> None:
    world, player = archive.world, archive.world.stranger()
    other = world.camera("Yard")
    archive.record(other, sent)
    granted = world.viewer_of(camera_id, other)
    playlist = ask(player, signed_playlist(granted, playlist_path(camera_id, 0)))
    token = playlist.uris()[0].partition("?")[2]

    theirs = ask(granted, playlist_path(other, 0)).uris()[0].replace("../", "/recordings/")
    assert player.get(f"{theirs}?{token}").status_code == 404
    for path in (
        playlist_path(camera_id, 0),
        f"/recordings/{camera_id}/thumbnail?at={at(0)}",
        "/recordings?x=1",
        f"/get_snapshot/{camera_id}?x=1",
    ):
        assert player.get(f"{path}&{token}").status_code in {401, 404}, path


@pytest.mark.parametrize("taken", ["grant", "log-in", "masks"])
def test_a_playlists_token_ends_with_the_right_to_see_it(
    archive: Archive, camera_id: int, taken: str
) -> None:
    world, player = archive.world, archive.world.stranger()
    granted = world.viewer_of(camera_id)
    piece = ask(player, signed_playlist(granted, playlist_path(camera_id, 0))).pieces[0]
    assert fetch(player, piece.uri, piece.place).status_code == 206

    if taken == "grant":
        world.admin().delete(f"/cameras/{camera_id}/grants/{granted.account_uuid}")
    elif taken == "log-in":
        granted.post("/logout")
    else:
        world.admin().post(f"/masks/{camera_id}", MASK)

    status = {"grant": 404, "log-in": 401, "masks": 403}[taken]
    assert fetch(player, piece.uri, piece.place).status_code == status


def test_one_file_can_be_signed_too(archive: Archive, camera_id: int) -> None:
    world, player = archive.world, archive.world.stranger()
    granted = world.viewer_of(camera_id)
    url = signed_playlist(granted, "/recordings/files/1")
    assert player.get(url).status_code == 200
    assert player.get(url.replace("files/1", "files/2")).status_code == 401
    stranger = world.person(Role.VIEWER, "stranger")
    for path in ("/recordings/files/1", "/recordings/files/99", playlist_path(camera_id, 0)):
        assert stranger.post("/stream_tokens", {"path": path}).status_code == 404


def test_nothing_outside_of_a_volume_is_played(archive: Archive, camera_id: int) -> None:
    admin = archive.world.admin()
    ways = (playlist_path(camera_id, 0), f"/recordings/{camera_id}/thumbnail?at={at(1)}")
    assert [admin.get(way).status_code for way in ways] == [200, 200]

    folder = archive.folder / str(camera_id)
    elsewhere = archive.folder.with_name("elsewhere")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)

    assert [admin.get(way).status_code for way in ways] == [404, 404]
    assert admin.get("/recordings/files/1").status_code == 404
