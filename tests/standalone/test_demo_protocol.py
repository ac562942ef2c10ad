"""What is said in RTSP: requests, the Transport header, SDP, credentials."""

from fractions import Fraction

import pytest

from standalone.demo.rtsp.auth import Credentials, Gate, Scheme, digest
from standalone.demo.rtsp.media import AccessUnit, AudioFormat, Media, Track, VideoFormat
from standalone.demo.rtsp.messages import (
    Answer,
    ClientPorts,
    Interleaved,
    parse_head,
    parse_transport,
)
from standalone.demo.rtsp.nal import VideoCodec
from standalone.demo.rtsp.sdp import describe
from vigil.errors import MessageInvalid


def test_reads_a_request_whatever_the_case_of_its_headers() -> None:
    request = parse_head(b"SETUP rtsp://h/street RTSP/1.0\r\ncSeq: 3\r\nTransport:RTP/AVP\r\n\r\n")

    assert (request.method, request.url) == ("SETUP", "rtsp://h/street")
    assert request.headers == {"cseq": "3", "transport": "RTP/AVP"}


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"\xff\xfe\x00 garbage\r\n\r\n",
        b"SETUP rtsp://h RTSP/2.0\r\n\r\n",
        b"SETUP rtsp://h RTSP/1.0\r\nno colon\r\n\r\n",
    ],
)
def test_refuses_what_is_no_rtsp(head: bytes) -> None:
    with pytest.raises(MessageInvalid):
        parse_head(head)


@pytest.mark.parametrize(
    ("header", "way"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=4-5", Interleaved(4, 5)),
        ("RTP/AVP/TCP;interleaved=4", Interleaved(4, 5)),
        ("rtp/avp/tcp;unicast", Interleaved(2, 3)),
        ("RTP/AVP;unicast;client_port=5000-5001", ClientPorts(5000, 5001)),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001;mode=play", ClientPorts(5000, 5001)),
        ("RTP/AVP;multicast,RTP/AVP/TCP;interleaved=0-1", Interleaved(0, 1)),
        ("RTP/SAVP;unicast, RTP/AVP;client_port=6-7", ClientPorts(6, 7)),
        ("RTP/AVP;multicast", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP;client_port=0-1", None),
        ("RTP/AVP;client_port=70000-70001", None),
        ("RTP/AVP/TCP;interleaved=255", None),
        ("RTP/AVP/TCP;interleaved=a-b", None),
        ("", None),
    ],
)
def test_takes_the_first_transport_that_it_can_send(
    header: str, way: Interleaved | ClientPorts | None
) -> None:
    assert parse_transport(header, default_channel=2) == way


def test_an_answer_repeats_the_cseq_and_counts_its_body_in_bytes() -> None:
    answer = Answer(headers={"Content-Type": "application/sdp"}, body="s=é")

    assert answer.encoded("7").decode().split("\r\n") == [
        "RTSP/1.0 200 OK",
        "CSeq: 7",
        "Server: Vigil demo camera",
        "Content-Type: application/sdp",
        "Content-Length: 4",
        "",
        "s=é",
    ]


def media(video: VideoFormat, *more: AudioFormat) -> Media:
    unit = AccessUnit(0, 0, is_key=True, parts=(b"x",))
    forms: list[VideoFormat | AudioFormat] = [video, *more]
    return Media(tuple(Track(form, (unit,)) for form in forms), span_s=Fraction(1))


def test_the_sdp_of_h264_and_aac() -> None:
    video = VideoFormat(VideoCodec.H264, (b"\x67\x64\x00\x1fsps", b"\x68pps"))

    sdp = describe(media(video, AudioFormat(b"\x11\x88", 2, 44_100))).split("\r\n")

    assert sdp[7:] == [
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        (
            "a=fmtp:96 packetization-mode=1;profile-level-id=64001f;"
            "sprop-parameter-sets=Z2QAH3Nwcw==,aHBwcw=="
        ),
        "a=control:track0",
        "m=audio 0 RTP/AVP 97",
        "a=rtpmap:97 mpeg4-generic/44100/2",
        (
            "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
            "indexdeltalength=3;config=1188"
        ),
        "a=control:track1",
        "",
    ]


def test_the_sdp_of_h265() -> None:
    sdp = describe(media(VideoFormat(VideoCodec.HEVC, (b"vps", b"sps", b"pps"))))

    assert "a=rtpmap:96 H265/90000\r\n" in sdp
    assert "a=fmtp:96 sprop-vps=dnBz;sprop-sps=c3Bz;sprop-pps=cHBz\r\n" in sdp


def test_everybody_may_pass_where_no_password_is_set() -> None:
    assert Gate(None).admits("DESCRIBE", "")


@pytest.mark.parametrize(
    ("authorization", "admitted"),
    [
        ("Basic dXNlcjpzZTpjcmV0", True),
        ("basic dXNlcjpzZTpjcmV0", True),
        ("Basic dXNlcjp3cm9uZw==", False),
        ("Basic not base64 at all", False),
        ("Basic /////w==", False),
        ("Digest dXNlcjpzZTpjcmV0", False),
        ("", False),
    ],
)
def test_basic_wants_the_user_and_the_whole_password(authorization: str, admitted: bool) -> None:
    gate = Gate(Credentials("user", "se:cret", Scheme.BASIC))

    assert gate.admits("DESCRIBE", authorization) is admitted


def test_the_digest_is_that_of_rfc_2617() -> None:
    # The example of its section 3.5.
    mufasa = Credentials("Mufasa", "Circle Of Life", realm="testrealm@host.com")
    fields = {
        "uri": "/dir/index.html",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }

    assert digest(mufasa, "GET", fields) == "6629fae49393a05397450978507c4ef1"


def test_a_digest_holds_for_its_method_its_nonce_and_its_password_alone() -> None:
    known = Credentials("user", "secret")
    gate, other = Gate(known), Gate(known)

    def answer(challenge: str, credentials: Credentials) -> str:
        nonce = challenge.partition('nonce="')[2].partition('"')[0]
        proof = digest(credentials, "PLAY", {"uri": "rtsp://h/", "nonce": nonce})
        return f'Digest username="user", nonce="{nonce}", uri="rtsp://h/", response="{proof}"'

    good = answer(gate.challenge(), known)
    assert gate.admits("PLAY", good)
    assert not gate.admits("DESCRIBE", good)
    assert not other.admits("PLAY", good)
    assert not gate.admits("PLAY", answer(gate.challenge(), Credentials("user", "Secret")))


def test_credentials_do_not_show_themselves() -> None:
    shown = repr(Credentials("admin", "hunter2"))

    assert "admin" not in shown
    assert "hunter2" not in shown
