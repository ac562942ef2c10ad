import pytest

from tests.builders import a_track
from vigil.errors import MessageInvalid
from vigil.facts import decode_fact


def test_a_fact_is_what_it_was_when_it_was_told() -> None:
    fact = a_track(closed_us=1_790_000_003_000_000, zones=("door", "庭"))

    assert decode_fact(fact.model_dump_json().encode()) == fact


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no kind"),
        (b'{"kind": "dream"}', r"no kind that is known \(track, segment"),
        (b'{"kind": ["track"]}', "no kind"),
        (b'{"kind": "track"}', "TrackFact: camera_id"),
        (a_track().model_dump_json().replace('"version":1', '"version":9').encode(), "version"),
        (a_track().model_dump_json().replace("0.75", "1.5").encode(), "confidence"),
        (a_track().model_dump_json().replace("50.0", "NaN").encode(), "TrackFact"),
    ],
)
def test_says_what_is_wrong_with_what_is_none(raw: bytes, what: str) -> None:
    with pytest.raises(MessageInvalid, match=what):
        decode_fact(raw)
