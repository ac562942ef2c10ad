"""A camera's ``recognition``: a name or a list of models, and who may name what."""

from typing import Any

import pytest

from tests.web.worlds import World
from vigil.camera_document import CameraConfig, ModelUse
from vigil.domain.camera import CameraId
from web.access.rights import Role

PLATES = "https://hub/plates.onnx?token=hidden"
SHOWN = "https://hub/plates.onnx?token=***"
PROGRAM = "https://hub/best.pt"


def document_of(world: World, camera_id: int) -> CameraConfig:
    return world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]


@pytest.mark.parametrize(
    ("given", "uses"),
    [
        ("basic", [ModelUse(model="basic")]),
        ("off", []),
        (["default"], [ModelUse(model="default")]),
        (
            [{"model": "default", "labels": ["person"], "min_confidence": 0.5}, "/models/a.onnx"],
            [
                ModelUse(model="default", labels=("person",), min_confidence=0.5),
                ModelUse(model="/models/a.onnx"),
            ],
        ),
        ([{"model": "basic"}], [ModelUse(model="basic")]),
    ],
)
def test_recognition_is_answered_in_the_form_in_which_it_was_given(
    world: World, given: Any, uses: list[ModelUse]
) -> None:
    camera_id = world.camera(recognition=given)

    assert world.admin().get(f"/cameras/{camera_id}").json["recognition"] == given
    assert document_of(world, camera_id).models == tuple(uses)


def test_each_models_address_is_sealed_and_kept_while_others_change(world: World) -> None:
    admin = world.admin()
    camera_id = world.camera(recognition=["default", {"model": PLATES, "labels": ["plate"]}])
    path = f"/cameras/{camera_id}"
    assert admin.get(path).json["recognition"] == ["default", {"model": SHOWN, "labels": ["plate"]}]

    # When somebody who saw only that changes what counts, and the order
    changed = admin.patch(path, {"recognition": [{"model": SHOWN, "min_confidence": 0.6}, "basic"]})

    assert changed.json["recognition"] == [{"model": SHOWN, "min_confidence": 0.6}, "basic"]
    plates, basic = document_of(world, camera_id).models
    assert plates.sealed is not None
    assert world.wiring.sealer.open(plates.sealed) == PLATES
    assert (plates.model, plates.min_confidence, basic.sealed) == (SHOWN, 0.6, None)
    assert "hidden" not in admin.get("/cameras").text
    assert "hidden" not in document_of(world, camera_id).model_dump_json()


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ([], None),
        (["a.onnx"] * 5, None),
        (7, None),
        (None, ["Field may not be null."]),
        (["default", "off"], {"1": ["'off' stands alone: nothing else looks then."]}),
        (["default", "default"], {"1": ["It names default a second time."]}),
        ([f"{PLATES}1", f"{PLATES}2"], {"1": [f"It names {SHOWN} a second time."]}),
        (
            ["default", {"model": SHOWN}],
            {"1": ["It holds ***, which hides a secret: write the secret itself."]},
        ),
        ([{"labels": ["person"]}], {"0": {"model": ["Missing data for required field."]}}),
        (
            [{"model": "default", "min_confidence": 1.5}],
            {
                "0": {
                    "min_confidence": [
                        "Must be greater than or equal to 0 and less than or equal to 1."
                    ]
                }
            },
        ),
        (
            [{"model": "default", "labels": "person"}],
            {"0": {"labels": ['Must be a list of labels, as ["person"].']}},
        ),
        (
            [["default"]],
            {"0": {"_schema": ['Must be a name, or an object as {"model": "default"}.']}},
        ),
        ([{"model": "default", "colour": 1}], {"0": {"colour": ["Unknown field."]}}),
    ],
)
def test_what_is_no_recognition_is_refused_in_words_and_changes_nothing(
    world: World, given: Any, errors: Any
) -> None:
    camera_id = world.camera(recognition="basic")

    refused = world.admin().patch(f"/cameras/{camera_id}", {"recognition": given})

    assert refused.status_code == 422, refused.json
    said = refused.json["errors"]
    said = said.get("json", said)["recognition"]
    if errors is None:
        [sentence] = said
        assert "a list of 1 to 4" in sentence
    else:
        assert said == errors
    assert document_of(world, camera_id).models == (ModelUse(model="basic"),)


def test_admins_alone_name_a_model_that_is_a_program(world: World) -> None:
    operator, camera_id = world.person(Role.OPERATOR), world.camera(recognition="basic")
    path = f"/cameras/{camera_id}"

    for given in (PROGRAM, f"{PROGRAM}?v=2", ["basic", {"model": "/models/best.PT"}]):
        refused = operator.patch(path, {"recognition": given})
        assert refused.status_code == 403
        assert "admins alone" in refused.json["message"]
    new = {"name": "Yard", "stream_url": "rtsp://cam/2", "recognition": PROGRAM}
    assert operator.post("/cameras", new).status_code == 403
    assert document_of(world, camera_id).models == (ModelUse(model="basic"),)

    # What an admin has named, others may keep, and take away
    assert world.admin().patch(path, {"recognition": PROGRAM}).status_code == 200
    kept = operator.patch(path, {"recognition": [{"model": PROGRAM, "labels": ["person"]}]})
    assert kept.status_code == 200
    assert operator.patch(path, {"recognition": "basic"}).status_code == 200
    assert operator.patch(path, {"recognition": PROGRAM}).status_code == 403
