"""What people read of a replay."""

from object_recognition.replay.report import (
    Account,
    Comparison,
    Dropped,
    NearestDrop,
    Report,
    SeenObject,
)
from object_recognition.replay.table import text_of

BOX = (10.0, 20.0, 50.0, 120.0)
SETTINGS = {"min_confidence": "0.4", "zones": "1 (Gate)"}


def an_object(track: int, label: str, from_s: float, to_s: float, **changes: object) -> SeenObject:
    fields = {
        "track": track,
        "label": label,
        "from_s": from_s,
        "to_s": to_s,
        "looks": 25,
        "confidence": 0.914,
        "first_box": BOX,
        "last_box": BOX,
    }
    return SeenObject.model_validate(fields | changes)


def a_drop(
    reason: str, label: str, value: str, limit: str, *, missed: int = 14, **changes: object
) -> Dropped:
    nearest = NearestDrop(value=value, limit=limit, at_s=12.4, confidence=0.37, box=BOX)
    return Dropped(
        reason=reason,
        label=label,
        detections=14,
        alone=14,
        missed=missed,
        nearest=nearest.model_copy(update=changes),
    )


def a_report(**changes: object) -> Report:
    fields = {
        "clip": "night.mp4",
        "camera": 3,
        "name": "Yard",
        "recogniser": "yolox_nano, OpenVINO bf16",
        "begins_at": None,
        "replayed_s": 139.4,
        "lasts_s": 139.4,
        "width_px": 768,
        "height_px": 432,
        "frames": 1394,
        "looks": 697,
        "is_whole": True,
        "account": Account(settings=SETTINGS),
    }
    return Report.model_validate(fields | changes)


def test_who_was_seen_and_what_was_not_shown_is_told_in_lines() -> None:
    account = Account(
        settings=SETTINGS,
        objects=(
            an_object(
                1,
                "person",
                6.4,
                19.4,
                zones=("Gate", "Path"),
                from_at="2026-11-30T02:00:06.400+01:00",
                to_at="2026-11-30T02:00:19.400+01:00",
            ),
        ),
        counts={"person": 1},
        dropped=(
            a_drop("confidence", "person", "0.3712", "0.4", try_set=("min_confidence=0.371",)),
            a_drop("zone", "car", "0.31", "0.5", missed=4, also=("confidence",)),
            a_drop("label", "dog", "dog", "person, car", try_set=("zones=off",)),
        ),
    )
    report = a_report(
        begins_at="2026-11-30T02:00:00.000+01:00", account=account, notes=("it is cut off",)
    )

    assert text_of(report).splitlines() == [
        "night.mp4: 2:19.4, 768x432, 697 of 1394 frames looked at by yolox_nano, OpenVINO bf16",
        "begins at 2026-11-30 02:00:00 UTC+01:00",
        "settings of camera 3 (Yard): min_confidence 0.4, zones 1 (Gate)",
        "note: it is cut off",
        "",
        "object  label              from               to  looks  confidence  zones",
        "#1      person  0:06.4 02:00:06  0:19.4 02:00:19     25        0.91  Gate, Path",
        "",
        "1 object: 1 person",
        "",
        "not shown:",
        (
            "  confidence: 14 detections of person, best 0.371 where 0.4 is asked, at 0:12.4; "
            "--set min_confidence=0.371 shows it"
        ),
        (
            "  zone: 14 detections of car, 10 within a second of an object, at most 0.31 of its "
            "box in a zone where 0.5 is asked, at 0:12.4 (also confidence)"
        ),
        (
            "  label: 14 detections of dog, dog where person, car counts, the surest 0.37, at "
            "0:12.4; --set zones=off shows it"
        ),
        "what is shown becomes an object when it is in 3 of 5 looks",
    ]


def test_other_settings_are_told_by_what_is_seen_with_one_alone() -> None:
    before = Account(
        settings=SETTINGS,
        objects=(an_object(1, "person", 6.4, 19.4),),
        counts={"person": 1},
    )
    after = Account(
        settings=SETTINGS | {"min_confidence": "0.25"},
        objects=(an_object(1, "person", 6.4, 19.4), an_object(2, "car", 8.0, 9.0)),
        counts={"person": 1, "car": 1},
    )
    report = a_report(account=before, comparison=Comparison(account=after, only_after=(2,)))

    assert text_of(report).splitlines()[-5:] == [
        "with min_confidence 0.25: 2 objects: 1 person, 1 car",
        "only without them: nothing",
        "only with them: 1",
        "object  label    from      to  looks  confidence  zones",
        "#2      car    0:08.0  0:09.0     25        0.91",
    ]


def test_where_nothing_was_seen_it_says_so() -> None:
    assert "no object was seen" in text_of(a_report()).splitlines()
    assert "cut short" in text_of(a_report(is_whole=False)).splitlines()[0]


def test_what_was_shown_too_seldom_is_told_of_unless_it_became_an_object() -> None:
    account = Account(
        settings=SETTINGS,
        objects=(an_object(1, "person", 6.4, 19.4),),
        counts={"person": 1},
        unnumbered={"person": 2, "dog": 2},
    )

    lines = text_of(a_report(account=account)).splitlines()

    assert "shown in too few looks to be an object: 2 dog" in lines


def test_of_many_kinds_of_drops_the_nearest_are_told() -> None:
    drops = tuple(a_drop("confidence", f"thing {n}", "0.2", "0.4") for n in range(20))

    lines = text_of(a_report(account=Account(settings=SETTINGS, dropped=drops))).splitlines()

    assert sum("detections of thing" in line for line in lines) == 12
    assert "  and 8 more kinds, all in --json" in lines
