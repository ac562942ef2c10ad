import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_camera, a_status
from vigil.camera_document import CameraConfig, ConfigHead, Zone
from vigil.clock import FakeClock, SystemClock, utc_from_us
from vigil.errors import MessageInvalid
from vigil.messages import CameraStatus, Document, decode


@pytest.mark.parametrize(
    "document",
    [
        a_camera(zones=(Zone(points=((0, 0), (9.5, 0), (0, 9)), labels=("person",)),)),
        a_camera(credentials="sealed", frame_fps=0.1, enabled=False),
        ConfigHead(generation=2**53, camera_ids=(3, 1, 2)),
        a_status(error="no route to the camera", last_packet_us=1_790_000_000_000_000),
    ],
    ids=lambda document: type(document).__name__,
)
def test_a_document_comes_back_as_it_went(document: Document) -> None:
    assert decode(type(document), document.model_dump_json()) == document


def test_a_reader_ignores_what_a_newer_writer_added() -> None:
    raw = json.loads(a_camera().model_dump_json()) | {"invented_later": 1}

    assert decode(CameraConfig, json.dumps(raw)) == a_camera()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": 1}, "version"),
        ({"id": 0}, "id"),
        ({"id": "seven"}, "id"),
        ({"revision": -1}, "revision"),
        ({"frame_fps": 0}, "frame_fps"),
        ({"frame_fps": 1e-308}, "frame_fps"),
        ({"frame_fps": 30.1}, "frame_fps"),
        ({"min_confidence": 1.1}, "min_confidence"),
        ({"transport": "carrier pigeon"}, "transport"),
        ({"zones": [{"points": [[0, 0], [1, 1]]}]}, "zones.0.points"),
        ({"name": None}, "name"),
    ],
)
def test_names_the_field_that_is_wrong_and_not_its_value(
    changes: dict[str, Any], field: str
) -> None:
    raw = json.loads(a_camera(credentials="sealed-secret").model_dump_json()) | changes

    with pytest.raises(MessageInvalid) as raised:
        decode(CameraConfig, json.dumps(raw))

    # And what would be right
    assert re.fullmatch(rf"CameraConfig: {field}: (Input|Tuple) should .+", str(raised.value))
    assert "sealed-secret" not in str(raised.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_refuses_numbers_that_are_none(number: str) -> None:
    raw = a_camera().model_dump_json().replace('"min_confidence":0.4', f'"min_confidence":{number}')
    assert number in raw

    with pytest.raises(MessageInvalid, match="min_confidence"):
        decode(CameraConfig, raw)


@given(raw=st.binary(max_size=100))
def test_garbage_is_no_document(raw: bytes) -> None:
    with pytest.raises(MessageInvalid):
        decode(CameraStatus, raw)


@given(utc_us=st.integers(0, 4_102_444_800_000_000))
def test_a_stamp_as_a_time_is_exact_to_the_microsecond(utc_us: int) -> None:
    moment = utc_from_us(utc_us)

    assert moment.utcoffset() is not None
    seconds, rest = divmod(utc_us, 1_000_000)
    assert (int(moment.replace(microsecond=0).timestamp()), moment.microsecond) == (seconds, rest)


def test_a_fake_clock_advances_on_both_faces_and_steps_on_one() -> None:
    clock = FakeClock(now_us=1_000_000, elapsed_s=5.0)

    clock.advance(2.5)
    assert (clock.utc_us(), clock.monotonic_s()) == (3_500_000, 7.5)
    clock.step(-1.0)
    assert (clock.utc_us(), clock.monotonic_s()) == (2_500_000, 7.5)


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    before = clock.utc_us(), clock.monotonic_s()

    assert clock.utc_us() >= before[0] > 1_600_000_000_000_000
    assert clock.monotonic_s() >= before[1]
