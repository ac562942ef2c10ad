"""Time intervals, notifications, recipients: stored, validated, owned."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from web.access.rights import Role
from web.database import db
from web.models import LineToken
from web.notifications import service as notifications

NIGHT = {"start_time": "22:00", "end_time": "06:00"}
UNKNOWN = "11111111-1111-4111-8111-111111111111"


# --- time intervals


def test_an_interval_may_cross_midnight_and_says_when_it_takes_effect(world: World) -> None:
    admin, camera_id = world.admin(), world.camera()

    answer = admin.post(f"/time_intervals/{camera_id}", NIGHT)
    admin.post(f"/time_intervals/{camera_id}", {"start_time": "12:00", "end_time": "13:30"})

    assert answer.status_code == 200
    assert "takes effect in a later version" in answer.json["message"]
    night, noon = admin.get(f"/time_intervals/{camera_id}").json
    assert {name: night[name] for name in NIGHT} == NIGHT
    assert (night["crosses_midnight"], noon["crosses_midnight"]) == (True, False)
    cleared = admin.delete(f"/time_intervals/{camera_id}")
    assert cleared.json == {"message": "All time intervals cleared"}
    assert admin.get(f"/time_intervals/{camera_id}").json == []


@pytest.mark.parametrize(
    "change",
    [
        {"start_time": "24:00"},
        {"start_time": "7:00"},
        {"start_time": "07:60"},
        {"start_time": "07:00:00"},
        {"start_time": "\u0660\u0667:00"},
        {"start_time": 7},
        {"start_time": None},
        {"end_time": "22:00"},
        {"days": ["mon"]},
    ],
)
def test_a_bad_interval_is_refused_by_its_field(world: World, change: dict[str, Any]) -> None:
    answer = world.admin().post(f"/time_intervals/{world.camera()}", {**NIGHT, **change})

    assert answer.status_code == 422
    assert list(answer.json["errors"]["json"]) == list(change)


def test_the_same_interval_twice_is_a_conflict(world: World) -> None:
    path = f"/time_intervals/{world.camera()}"
    world.admin().post(path, NIGHT)

    assert world.admin().post(path, NIGHT).status_code == 409


# --- notifications


def test_the_newest_notifications_of_each_account_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "MAX_NOTIFICATIONS", 3)
    viewer, other = world.person(Role.VIEWER), world.person(Role.VIEWER, "other")
    other.post("/notifications", {"message": "of long ago"})

    for number in range(5):
        assert viewer.post("/notifications", {"message": f"{number}"}).status_code == 201

    kept = [each["message"] for each in viewer.get("/notifications").json]
    assert kept == ["4", "3", "2"]
    assert [each["message"] for each in other.get("/notifications").json] == ["of long ago"]


def test_a_notification_is_stored_for_its_account_and_says_that_sending_comes_later(
    world: World,
) -> None:
    camera_id = world.camera()
    viewer = world.viewer_of(camera_id)
    operator = world.person(Role.OPERATOR)

    body = {"account_uuid": viewer.account_uuid, "message": "A person", "camera_id": camera_id}
    answer = operator.post("/notifications", body)

    assert answer.status_code == 201
    assert "takes effect in a later version" in answer.json["message"]
    (notification,) = viewer.get("/notifications").json
    assert notification["id"] == answer.json["id"]
    assert notification["message"] == "A person"
    assert notification["camera_id"] == camera_id
    assert notification["account_uuid"] == viewer.account_uuid
    assert notification["created_at"].endswith("+00:00")
    assert operator.get("/notifications").json == []


def test_the_newest_come_first_and_older_ones_on_demand(world: World) -> None:
    admin = world.admin()
    ids = [admin.post("/notifications", {"message": f"{n}"}).json["id"] for n in range(5)]

    first = admin.get("/notifications?limit=2").json
    rest = admin.get(f"/notifications?limit=10&before_id={first[-1]['id']}").json

    assert [each["id"] for each in first + rest] == ids[::-1]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"message": ""}, 422),
        ({"message": "x" * 2001}, 422),
        ({"message": "nul\x00"}, 422),
        ({"account_uuid": "me"}, 422),
        ({"account_uuid": UNKNOWN}, 404),
        ({"camera_id": 2**63}, 422),
        ({"camera_id": 10**400}, 422),
        ({"camera_id": 1.5}, 422),
        ({"camera_id": 999}, 404),
        ({"image_path": "../../etc/passwd"}, 404),
        ({"image_path": "camera_1/none.jpg"}, 404),
    ],
)
def test_a_bad_notification_is_refused(world: World, change: dict[str, Any], status: int) -> None:
    answer = world.admin().post("/notifications", {"message": "hello", **change})

    assert answer.status_code == status


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "before_id=99999999999999999999"])
def test_a_bad_query_is_refused(world: World, query: str) -> None:
    assert world.admin().get(f"/notifications?{query}").status_code == 422


def test_storing_notifications_is_bounded_and_reading_is_not(world_of: WorldOf) -> None:
    admin = world_of(notification_rate_limit="2 per minute").admin()

    answers = [admin.post("/notifications", {"message": "hello"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json["code"] == 429
    assert answers[2].json["status"] == "Too Many Requests"
    assert int(answers[2].headers["Retry-After"]) <= 60
    assert [admin.get("/notifications").status_code for _ in range(4)] == [200] * 4


# --- recipients


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/line_tokens", {"token": "a channel's token", "to": "U1"}),
        ("/email_recipients", {"email": "anna@example.org"}),
    ],
)
def test_adding_recipients_is_bounded_however_many_are_taken_away(
    world_of: WorldOf, path: str, body: dict[str, str]
) -> None:
    # Each is a line in the audit trail, from which nothing is ever taken
    viewer = world_of(notification_rate_limit="2 per minute").person(Role.VIEWER)

    answers = []
    for _ in range(3):
        answers.append(viewer.post(path, body))
        for recipient in viewer.get(path).json:
            assert viewer.delete(f"{path}/{recipient['id']}").status_code == 204

    assert [answer.status_code for answer in answers] == [201, 201, 429]


def test_a_line_token_is_never_shown_again(world: World) -> None:
    admin = world.admin()

    made = admin.post("/line_tokens", {"token": "channel-token-1234", "to": "U1"})

    assert made.status_code == 201
    assert made.json["token"] == "****1234"
    assert "channel-token" not in made.text + admin.get("/line_tokens").text
    assert "channel-token" not in admin.get("/audit").text
    with world.app.app_context():
        stored = db.session.scalars(sa.select(LineToken)).one()
    assert "channel-token" not in stored.token
    assert world.wiring.sealer.open(stored.token) == "channel-token-1234"


@pytest.mark.parametrize("path", ["/line_tokens", "/email_recipients"])
def test_recipients_of_others_are_for_admins(world: World, path: str) -> None:
    owner, operator = world.person(Role.VIEWER, "owner"), world.person(Role.OPERATOR)
    fields = {"token": "channel-token-1234"} if "line" in path else {"email": "a@example.org"}
    body = {**fields, "account_uuid": owner.account_uuid}

    assert operator.post(path, body).status_code == 403
    made = world.admin().post(path, body)
    assert made.status_code == 201
    assert [each["id"] for each in owner.get(path).json] == [made.json["id"]]
    assert operator.delete(f"{path}/{made.json['id']}").status_code == 404
    assert owner.delete(f"{path}/{made.json['id']}").status_code == 204
    assert owner.get(path).json == []


def test_an_address_is_there_once_for_an_account(world: World) -> None:
    admin = world.admin()
    admin.post("/email_recipients", {"email": "anna@example.org"})

    assert admin.post("/email_recipients", {"email": "Anna@Example.org"}).status_code == 409
    assert admin.post("/email_recipients", {"email": "nonsense"}).status_code == 422
    unknown = {"email": "b@example.org", "account_uuid": UNKNOWN}
    assert admin.post("/email_recipients", unknown).status_code == 404


# --- audit


def test_everything_that_was_changed_is_in_the_trail(world: World) -> None:
    admin, camera_id = world.admin(), world.camera()
    admin.post(f"/rectangles/{camera_id}", [{"x": 0, "y": 0, "width": 9, "height": 9}])
    admin.post(f"/time_intervals/{camera_id}", NIGHT)
    admin.patch(f"/cameras/{camera_id}", {"location": "hall"})
    admin.delete(f"/cameras/{camera_id}")
    world.stranger().post("/login", {"username": "admin", "password": "wrong one"})

    trail = admin.get("/audit").json

    assert [entry["action"] for entry in trail] == [
        "login.failed",
        "camera.deleted",
        "camera.changed",
        "time_interval.saved",
        "rectangles.saved",
        "camera.added",
        "login.succeeded",
        "account.made",
    ]
    added = trail[5]
    assert (added["username"], added["address"]) == ("admin", "127.0.0.1")
    assert (added["object_type"], added["object_id"]) == ("camera", str(camera_id))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET username = 'nobody'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ],
)
def test_the_trail_cannot_be_changed(world: World, statement: str) -> None:
    world.admin()

    with (
        world.app.app_context(),
        pytest.raises(sa.exc.InternalError, match="append-only"),
    ):
        db.session.execute(sa.text(statement))
