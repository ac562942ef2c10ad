"""What a track is called where some classes do not count."""

from math import inf

import numpy as np

from object_recognition.detection import Detections
from object_recognition.tracking.tracker import Tracker

CAR, TRUCK = 0, 1


def test_a_class_that_begins_no_track_continues_one_of_its_kin_and_gives_it_no_name() -> None:
    # Given a camera at which cars count, and trucks do not
    tracker = Tracker(
        confirm_hits=1, confirm_looks=1, sure_confidence=(0.4, inf), kin=[{CAR, TRUCK}]
    )

    # When a car is mostly called a truck
    told = [
        tracker.update(
            Detections(
                np.array([[100, 100, 140, 200]], np.float32),
                np.array([0.9], np.float32),
                np.array([called]),
            ),
            number / 5,
        )
        for number, called in enumerate((CAR, TRUCK, TRUCK, TRUCK, TRUCK))
    ]

    # Then it is one track, and a car
    assert {each.track_id.tolist()[0] for each in told} == {1}
    assert [each.detections.class_id.tolist() for each in told] == [[CAR]] * 5
