"""What comes from the network names no file of ours, and no other address.

The first test shows that FFmpeg follows such playlists when it is let.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.camera_ctrl.footage import remuxed
from tests.camera_ctrl.sessions import watched
from tests.camera_ctrl.web_server import Answer, WebServer, body, web_server

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        "<BaseURL>{target}</BaseURL><SegmentList><SegmentURL/></SegmentList>"
        "</Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    ),
}
SUFFIXES = {"hls": ".m3u8", "concat": ".ffconcat", "dash": ".mpd", "sdp": ".sdp"}
#: Which of them FFmpeg follows as they stand here, when it is let.
FOLLOWED = ("hls", "concat")


@pytest.fixture
def canary(small_clip: Path, tmp_path: Path) -> Path:
    """Give a video on our disk that nobody may show."""
    return remuxed(small_clip, tmp_path / "canary.ts")


@pytest.fixture
def web(canary: Path) -> Iterator[WebServer]:
    with web_server() as it:
        it.answers["/canary.ts"] = body(canary.read_bytes(), "video/mp2t")
        yield it


def serve(web: WebServer, kind: str, target: str) -> str:
    """Serve a playlist that names a target, without saying what it is; return its URL."""
    text = PLAYLISTS[kind].format(target=target)
    path = f"/video{SUFFIXES[kind]}"
    web.answers[path] = body(text.encode(), "application/octet-stream")
    return web.url(path)


@pytest.mark.parametrize("kind", FOLLOWED)
def test_ffmpeg_follows_them_when_it_is_let(web: WebServer, kind: str) -> None:
    url = serve(web, kind, web.url("/canary.ts"))
    try:
        with av.open(url, options={"safe": "0"} if kind == "concat" else {}):
            pass
    except av.error.FFmpegError:
        # Not each can be played; that it was fetched is what counts.
        pass
    assert web.statuses_of("/canary.ts") != []


@pytest.mark.parametrize("kind", list(PLAYLISTS))
@pytest.mark.parametrize("where", ["disk", "network"])
def test_a_playlist_from_the_network_is_no_video(
    web: WebServer, canary: Path, kind: str, where: str
) -> None:
    target = f"file://{canary}" if where == "disk" else web.url("/canary.ts")
    with watched(serve(web, kind, target)) as watch:
        assert watch.wait_for_error() == "answers, but not with video"
        assert watch.packets() == []
    assert web.statuses_of("/canary.ts") == []


@pytest.mark.parametrize("kind", list(PLAYLISTS))
def test_a_playlist_on_our_disk_is_no_video_either(
    web: WebServer, canary: Path, tmp_path: Path, kind: str
) -> None:
    playlist = tmp_path / f"list{SUFFIXES[kind]}"
    playlist.write_text(PLAYLISTS[kind].format(target=f"file://{canary}"))
    with watched(f"file://{playlist}") as watch:
        assert watch.wait_for_error() == "the file is no video"
        assert watch.packets() == []


def test_an_address_that_sends_ffmpeg_on_to_a_file_gives_none(web: WebServer, canary: Path) -> None:
    """We look first, and are told the truth; FFmpeg comes second."""
    asked = []

    def answer() -> Answer:
        asked.append(True)
        if len(asked) == 1:
            return body(canary.read_bytes(), "video/mp2t")
        return Answer(
            "text/plain", lambda: iter(()), 302, 0, headers={"Location": f"file://{canary}"}
        )

    web.answers["/video"] = answer
    with watched(web.url("/video")) as watch:
        assert watch.wait_for_error() == "answers, but not with video"
        assert watch.packets() == []
    assert len(asked) > 1


@pytest.mark.parametrize("name", ["concat:{0}|{0}", "subfile,,start,0,end,0,,:{0}", "cache:{0}"])
def test_a_name_of_ffmpegs_own_is_a_plain_path_here(canary: Path, name: str) -> None:
    with av.open(name.format(f"file:{canary}")) as container:
        assert container.streams.video
    with watched("file:///" + name.format(canary)) as watch:
        assert watch.wait_for_error() == "no such file"
        assert watch.packets() == []


def test_a_picture_without_end_is_not_kept(web: WebServer) -> None:
    web.answers["/still"] = Answer("image/jpeg", endless)
    with watched(web.url("/still")) as watch:
        assert watch.wait_for_error() == "its picture is larger than the 24 MiB that we take"


def test_a_refusal_without_end_is_not_read(web: WebServer) -> None:
    web.answers["/still"] = Answer(
        "text/html", endless, 401, headers={"WWW-Authenticate": 'Basic realm="x"'}
    )
    with watched(web.url("/still", "admin:secret")) as watch:
        assert watch.wait_for_error(5.0) == "wrong user or password"


def endless() -> Iterator[bytes]:
    piece = b"\xff\xd8" + os.urandom(2**20)
    while True:
        yield piece
