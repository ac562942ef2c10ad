"""The process that encodes pictures may crash, hang or be killed: it costs a restart, no more."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from recorder.encoding.child import PictureEncoding
from recorder.encoding.encoder import Job, PictureEncoder
from recorder.encoding.wire import Encoded, Question, Refused, ask, await_ready
from tests.recorder.cards import card
from tests.recorder.deadly_child import BURNS, HANGS
from tests.waiting import wait_until
from vigil.child import Child
from vigil.domain.camera import CameraId

WAIT_S = 60.0
DEADLY = "tests.recorder.deadly_child"


@contextmanager
def encoding(**more: Any) -> Iterator[PictureEncoder]:
    encoder = PictureEncoder(CameraId(7), **more)
    try:
        yield encoder
    finally:
        encoder.end()
        encoder.join()


def put(encoder: PictureEncoder, jpeg: bytes) -> Job:
    job = Job(Question(jpeg, is_keyframe=False), len(jpeg))
    encoder.put(job)
    return job


def pid_of(encoder: PictureEncoder) -> int:
    wait_until(lambda: encoder.pid is not None, timeout_s=WAIT_S)
    assert encoder.pid is not None
    return encoder.pid


def test_pictures_are_answered_in_their_order() -> None:
    with encoding() as encoder:
        jobs = [put(encoder, card(number)) for number in range(20)]
        assert encoder.wait_for(jobs[-1], timeout_s=WAIT_S)

    answers = [job.answer for job in jobs]
    assert all(isinstance(answer, Encoded) for answer in answers)
    assert [isinstance(answer, Encoded) and answer.is_keyframe for answer in answers] == [
        True, *[False] * 19,
    ]  # fmt: skip
    # They are let go of, and all know the template
    assert all(job.question is None for job in jobs)
    assert {job.nut for job in jobs} == {jobs[0].nut}


@pytest.mark.parametrize("deadly", [b"SIGSEGV", b"SIGABRT", b"SIGKILL", BURNS, HANGS])
def test_a_picture_at_which_it_ends_again_and_again_is_left_out(deadly: bytes) -> None:
    with encoding(child=DEADLY, answer_s=2.0) as encoder:
        jobs = [put(encoder, jpeg) for jpeg in (card(0), deadly, card(2), card(3))]
        assert encoder.wait_for(jobs[-1], timeout_s=WAIT_S)

    first, refused, following, last = (job.answer for job in jobs)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("the encoder ")
    assert refused.reason.endswith(" over it, again and again")
    kinds = [isinstance(each, Encoded) and each.is_keyframe for each in (first, following, last)]
    assert kinds == [True, True, False]
    assert encoder.error is None


def test_one_that_hangs_for_once_costs_nothing() -> None:
    with encoding(answer_s=2.0) as encoder:
        first = put(encoder, card(0))
        assert encoder.wait_for(first, timeout_s=WAIT_S)
        pid = pid_of(encoder)
        os.kill(pid, signal.SIGSTOP)
        second = put(encoder, card(1))
        assert encoder.wait_for(second, timeout_s=WAIT_S)
        assert not psutil.pid_exists(pid)

    assert isinstance(second.answer, Encoded)


def test_one_that_cannot_be_started_is_said_to_be_so_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Given a Python that is not there for a while
    encoder = PictureEncoder(CameraId(7))
    with monkeypatch.context() as away:
        away.setattr(sys, "executable", str(tmp_path / "python"))
        job = put(encoder, card(0))
        wait_until(lambda: "cannot be started" in str(encoder.error), timeout_s=WAIT_S)
        assert job.answer is None
    try:
        assert encoder.wait_for(job, timeout_s=WAIT_S)
        assert encoder.error is None
    finally:
        encoder.end()
        encoder.join()


def test_its_child_ends_with_it_also_while_it_waits() -> None:
    with encoding() as encoder:
        job = put(encoder, card(0))
        assert encoder.wait_for(job, timeout_s=WAIT_S)
        child = psutil.Process(pid_of(encoder))

    assert not child.is_running()


def test_the_child_ends_when_its_parent_is_killed() -> None:
    program = (
        "from tests.recorder.test_picture_encoder import *\n"
        "encoder = PictureEncoder(CameraId(7))\n"
        "job = put(encoder, card(0))\n"
        "encoder.wait_for(job, timeout_s=WAIT_S)\n"
        "print(encoder.pid, flush=True)\n"
        "encoder.join()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        lines = iter(parent.stdout.readline, b"")
        pid = next(int(line) for line in lines if line.strip().isdigit())
        parent.kill()

    wait_until(lambda: not psutil.pid_exists(pid), timeout_s=WAIT_S)


def test_the_processors_alarm_ends_what_does_not_come_back() -> None:
    child = Child(DEADLY, timeout_s=WAIT_S)
    await_ready(child.socket)
    assert isinstance(ask(child.socket, Question(card(0), is_keyframe=True)), Encoded)

    with pytest.raises(ConnectionError):
        ask(child.socket, Question(BURNS, is_keyframe=True))

    assert child.end() == -signal.SIGPROF


@pytest.mark.parametrize(
    ("jpeg", "reason"),
    [
        (b"", "it is no whole JPEG"),
        (b"\xff\xd8\xff\xe0 and then nonsense", "it is no whole JPEG"),
        (card(3)[:-200], "it is no whole JPEG"),
        (card(3, (24, 12)), "the camera sends pictures of 24x12 pixels; we take 16 to 65500"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_next_is_the_keyframe(
    jpeg: bytes, reason: str
) -> None:
    pictures = PictureEncoding()
    first = pictures.encoded(card(0), is_keyframe=True)
    refused = pictures.encoded(jpeg, is_keyframe=True)
    following = pictures.encoded(card(1), is_keyframe=False)
    last = pictures.encoded(card(2), is_keyframe=False)

    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)
    kinds = [isinstance(each, Encoded) and each.is_keyframe for each in (first, following, last)]
    assert kinds == [True, True, False]
