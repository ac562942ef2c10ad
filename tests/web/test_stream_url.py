import pytest

from web.cameras import stream_url
from web.cameras.stream_url import StreamUrl, StreamUrlInvalid


@pytest.mark.parametrize(
    ("typed", "url", "credentials"),
    [
        ("rtsp://10.0.0.7/main", "rtsp://10.0.0.7/main", None),
        ("rtsp://10.0.0.7:8554/main?ch=1", "rtsp://10.0.0.7:8554/main?ch=1", None),
        ("RTSP://Door.Local/Main", "rtsp://door.local/Main", None),
        ("rtsp://anna:pa%40ss@cam/1", "rtsp://cam/1", "anna:pa@ss"),
        ("rtsp://anna:p@ss@cam/1", "rtsp://cam/1", "anna:p@ss"),
        ("rtsp://anna@cam/1", "rtsp://cam/1", "anna:"),
        ("rtsp://anna:***@cam/1", "rtsp://cam/1", "anna:***"),
        ("rtsp://@cam/1", "rtsp://cam/1", ""),
        ("rtsps://[fe80::1]:322/x", "rtsps://[fe80::1]:322/x", None),
        ("http://cam/video.mjpg#top", "http://cam/video.mjpg", None),
        ("https://cam", "https://cam", None),
        ("file:///videos/a%20b.mp4", "file:///videos/a%20b.mp4", None),
        ("/videos/a.mp4", "file:///videos/a.mp4", None),
        ("/dev/video0", "device:///dev/video0", None),
        ("device:///dev/video12", "device:///dev/video12", None),
    ],
)
def test_takes_a_url_apart(typed: str, url: str, credentials: str | None) -> None:
    assert stream_url.parse(typed) == StreamUrl(url, credentials)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "cam",
        "ftp://cam/x",
        "javascript:alert(1)",
        "concat:a|b",
        "rtsp://",
        "rtsp:///path",
        "rtsp://cam:99999/x",
        "rtsp://cam:0/x",
        "rtsp://cam:port/x",
        "rtsp://[::1/x",
        "rtsp://ca m/x",
        "rtsp://cam/x\ny",
        "rtsp://cam/\x00",
        "rtsp://a%3Ab:c@cam/x",
        "file://host/share/x.mp4",
        "file:///videos/../etc/passwd",
        "file:///videos/%2e%2e/etc/passwd",
        "file:relative.mp4",
        "device:///dev/sda",
        "device:///dev/video0/../sda",
        "http://cam/x?pwd=***",
        "rtsp://cam/" + "x" * 2048,
    ],
)
def test_refuses_what_no_camera_can_be_at(typed: str) -> None:
    with pytest.raises(StreamUrlInvalid):
        stream_url.parse(typed)


@pytest.mark.parametrize(
    ("typed", "shorter"),
    [
        # A mask is longer than what it hides, and a quoted letter than the letter
        ("http://cam/x?p=a" + "&p=a" * 500, "http://cam/x?p=a" + "&p=a" * 100),
        ("/videos/" + "ü" * 400 + ".mp4", "/videos/" + "ü" * 300 + ".mp4"),
    ],
)
def test_refuses_what_grows_too_long_as_it_is_shown(typed: str, shorter: str) -> None:
    assert len(typed) <= stream_url.MAX_URL_CHARS
    with pytest.raises(StreamUrlInvalid, match="at most 2048 characters as it is shown"):
        stream_url.parse(typed)

    shown = stream_url.shown(stream_url.parse(shorter).url)
    assert len(shorter) < len(shown) <= stream_url.MAX_URL_CHARS


@pytest.mark.parametrize(("typed", "is_local"), [("rtsp://cam/x", False), ("/dev/video0", True)])
def test_tells_the_machine_from_the_network(typed: str, is_local: bool) -> None:
    assert stream_url.parse(typed).is_local is is_local


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://cam/shot.cgi?user=a&pwd=b&ch=1", "http://cam/shot.cgi?user=***&pwd=***&ch=1"),
        ("http://cam/shot.cgi?ch=1&x=a%20b", "http://cam/shot.cgi?ch=1&x=a%20b"),
        ("rtsp://cam/0/anna:b/main", "rtsp://cam/0/anna:***/main"),
        ("file:///videos/user=a.mp4", "file:///videos/user=a.mp4"),
    ],
)
def test_shows_what_is_on_the_network_masked_and_the_machines_own_as_it_is(
    url: str, shown: str
) -> None:
    assert stream_url.shown(url) == shown


def test_a_password_stays_with_the_server_it_was_given_for() -> None:
    assert stream_url.same_server("rtsp://cam:554/a", "rtsp://cam:554/b?c=d")
    assert not stream_url.same_server("rtsp://cam/a", "rtsp://evil/a")
    assert not stream_url.same_server("rtsps://cam/a", "rtsp://cam/a")
