"""A sub-stream of which no picture can be made is left alone, and tried again."""

from camera_ctrl.decode.trial import FAILED_AFTER_S, LEFT_ALONE_MAX_S, LEFT_ALONE_S, STEADY_S, Trial


def fail(trial: Trial, from_s: float) -> float:
    """Let nothing come of it; return when it failed."""
    trial.begin(from_s)
    trial.note_decoded(from_s, has_frame=False, error="the video cannot be decoded")
    failed_s = from_s + FAILED_AFTER_S
    assert not trial.is_left_alone(failed_s)
    trial.note_decoded(failed_s, has_frame=False, error="the video cannot be decoded")
    return failed_s


def left_alone_s(trial: Trial, from_s: float) -> int:
    return next(after for after in range(1000) if not trial.is_left_alone(from_s + after))


def test_one_that_gives_pictures_is_never_left_alone() -> None:
    trial = Trial()
    trial.begin(0.0)
    for now_s in range(100):
        # A packet may be damaged now and then
        is_damaged = now_s % 3 == 1
        trial.note_decoded(
            float(now_s), has_frame=not is_damaged, error="damaged" if is_damaged else None
        )

    assert not trial.is_left_alone(100.0)
    assert trial.error is None


def test_one_that_gives_none_is_left_alone_with_the_reason_and_longer_each_time() -> None:
    trial, now_s, waits = Trial(), 0.0, []
    for _ in range(8):
        now_s = fail(trial, now_s)
        assert trial.error == "the video cannot be decoded"
        waits.append(left_alone_s(trial, now_s))
        now_s += LEFT_ALONE_MAX_S

    # With jitter, of half at most
    assert LEFT_ALONE_S / 2 <= waits[0] <= LEFT_ALONE_S + 1
    assert waits[3] > waits[0]
    assert LEFT_ALONE_MAX_S / 2 <= waits[-1] <= LEFT_ALONE_MAX_S + 1


def test_one_that_is_silent_in_the_decoder_says_so() -> None:
    trial = Trial()
    trial.begin(0.0)
    trial.note_decoded(0.0, has_frame=False, error=None)
    trial.note_decoded(FAILED_AFTER_S, has_frame=False, error=None)

    assert trial.is_left_alone(FAILED_AFTER_S)
    assert trial.error == "nothing comes out of the decoder"


def test_what_it_did_long_ago_is_forgotten_when_it_gives_pictures() -> None:
    trial, now_s = Trial(), 0.0
    for _ in range(6):
        now_s = fail(trial, now_s) + LEFT_ALONE_MAX_S
    trial.begin(now_s)
    trial.note_decoded(now_s + STEADY_S, has_frame=True, error=None)
    assert trial.error is None

    now_s = fail(trial, now_s + STEADY_S)

    assert left_alone_s(trial, now_s) <= LEFT_ALONE_S + 1
