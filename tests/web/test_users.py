"""Accounts: the first one, log-ins, refresh tokens, cookies, invitations."""

from uuid import UUID

import jwt
import pytest

from tests.web.conftest import WorldOf
from tests.web.worlds import PASSWORD, SECRET, Caller, World, account_id_of
from web.access.cookies import ACCESS_COOKIE, CSRF_COOKIE, CSRF_HEADER, REFRESH_COOKIE
from web.access.principal import Principal
from web.access.rights import Role
from web.access.viewing import may_still_view
from web.settings import Registration
from web.users import sessions
from web.users.first_account import setup_code

NEW = {"username": "anna", "email": "anna@example.org", "password": PASSWORD}


def test_the_first_account_needs_the_set_up_code_and_becomes_admin(world: World) -> None:
    refused = world.stranger().post("/register", NEW)
    wrong = world.stranger().post("/register", {**NEW, "setup_code": "no"})
    made = world.stranger().post(
        "/register", {**NEW, "setup_code": setup_code(world.wiring.signer)}
    )

    assert (refused.status_code, wrong.status_code, made.status_code) == (403, 403, 201)
    assert "setup_code" in refused.json["message"]
    anna = Caller(world.app.test_client(), made.json["account_uuid"], "anna")
    world.log_in(anna)
    assert anna.get("/me").json["role"] == "admin"


def test_a_later_account_is_a_viewer_who_sees_no_camera(world: World) -> None:
    world.camera()

    made = world.stranger().post("/register", NEW)

    assert made.status_code == 201
    anna = Caller(world.app.test_client(), made.json["account_uuid"], "anna")
    world.log_in(anna)
    assert anna.get("/me").json["role"] == "viewer"
    assert anna.get("/cameras").json == []


@pytest.mark.parametrize(
    "again",
    [
        {"username": "ANNA", "email": "other@example.org"},
        {"username": "berta", "email": "Anna@Example.ORG"},
    ],
)
def test_a_taken_name_or_address_is_a_conflict(world: World, again: dict[str, str]) -> None:
    world.admin()
    world.stranger().post("/register", NEW)

    answer = world.stranger().post("/register", {**NEW, **again})

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"username": ""},
        {"username": "a b"},
        {"username": "x" * 65},
        {"username": "nul\x00"},
        {"username": 7},
        {"email": "no address"},
        {"email": None},
        {"password": "short"},
        {"password": "x" * 257},
        {"surprise": 1},
    ],
)
def test_a_bad_registration_says_which_field(world: World, change: dict[str, object]) -> None:
    answer = world.stranger().post("/register", {**NEW, **change})

    assert answer.status_code == 422
    assert list(answer.json["errors"]["json"]) == list(change)


@pytest.mark.parametrize("mode", [Registration.INVITE, Registration.CLOSED])
def test_without_an_invitation_nobody_registers_unless_it_is_open(
    world_of: WorldOf, mode: Registration
) -> None:
    world = world_of(registration=mode)
    world.admin()

    answer = world.stranger().post("/register", NEW)

    assert answer.status_code == 403


def test_an_invitation_lets_one_in_once_with_its_role(world_of: WorldOf) -> None:
    world = world_of(registration=Registration.INVITE)
    made = world.admin().post("/invitations", {"role": "operator"}).json

    first = world.stranger().post("/register", {**NEW, "invitation": made["code"]})
    again = {"username": "berta", "email": "b@example.org", "invitation": made["code"]}
    second = world.stranger().post("/register", {**NEW, **again})

    assert (first.status_code, second.status_code) == (201, 403)
    (listed,) = world.admin().get("/invitations").json
    assert listed["used_at"] is not None
    assert made["code"] not in world.admin().get("/invitations").text


def test_an_invitation_expires(world_of: WorldOf) -> None:
    world = world_of(registration=Registration.INVITE)
    code = world.admin().post("/invitations", {"valid_s": 60}).json["code"]
    world.clock.advance(61)

    assert world.stranger().post("/register", {**NEW, "invitation": code}).status_code == 403


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(world: World) -> None:
    world.admin()

    wrong = world.stranger().post("/login", {"username": "admin", "password": "wrong one"})
    unknown = world.stranger().post("/login", {"username": "nobody", "password": "wrong one"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text


def test_an_unknown_user_costs_a_hash_as_a_known_one_does(world: World) -> None:
    verified = world.wiring.passwords.match(None, PASSWORD)

    assert verified is False
    # The hash that stands for nobody is a real one, of the same cost.
    nobodys = world.wiring.passwords._nobodys_hash
    assert nobodys.split("$")[3] == world.wiring.passwords.hash("x").split("$")[3]


def test_logging_in_is_bounded(world_of: WorldOf) -> None:
    world = world_of(login_rate_limit="3 per minute")
    pair = {"username": "nobody", "password": "wrong one"}

    answers = [world.stranger().post("/login", pair) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].json["code"] == 429
    assert answers[3].json["message"].startswith("Too many tries from this address.")


def test_an_access_token_ends(world: World) -> None:
    admin = world.admin()
    world.clock.advance(world.wiring.settings.access_token_s + 1)

    answer = admin.get("/cameras")

    assert answer.status_code == 401
    assert answer.json["message"] == "The token has expired."


def test_a_log_in_that_has_ended_ends_its_access_tokens_and_streams(world_of: WorldOf) -> None:
    world = world_of(access_token_s=7200, refresh_token_s=3600)
    camera_id = world.camera()
    admin = world.admin()
    session_id = sessions.session_of(admin.refresh_token)
    who = Principal(account_id_of(admin), "admin", Role.ADMIN, "127.0.0.1", session_id)
    with world.app.app_context():
        assert may_still_view(who, [camera_id])
    world.clock.advance(3600)

    answer = admin.get("/me")

    assert answer.status_code == 401
    assert answer.json["message"] == "This log-in has ended. Log in again."
    with world.app.app_context():
        assert not may_still_view(who, [camera_id])


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_log_in(world: World) -> None:
    admin = world.admin()
    stolen = admin.refresh_token
    renewed = world.stranger().post("/token/refresh", {"refresh_token": stolen}).json

    reused = world.stranger().post("/token/refresh", {"refresh_token": stolen})
    successor = {"refresh_token": renewed["refresh_token"]}

    assert reused.status_code == 401
    assert world.stranger().post("/token/refresh", successor).status_code == 401
    admin.access_token = renewed["access_token"]
    assert admin.get("/me").status_code == 401


@pytest.mark.parametrize("secret", ["", "x", "x.y", ".", "é.ü", "made.up.for.it"])
def test_a_made_up_token_is_refused_and_ends_nothing(world: World, secret: str) -> None:
    # A log-in's number is no secret: a stream's address shows it to whoever sees that
    admin, camera_id = world.admin(), world.camera()
    made = admin.post("/stream_tokens", {"path": f"/get_stream/{camera_id}"}).json
    session_id = UUID(jwt.decode(made["token"], options={"verify_signature": False})["sid"])
    assert session_id == sessions.session_of(admin.refresh_token)

    answer = world.stranger().post(
        "/token/refresh", {"refresh_token": f"{session_id.hex}.{secret}"}
    )

    assert answer.status_code == 401
    assert admin.get("/me").status_code == 200
    token = {"refresh_token": admin.refresh_token}
    assert world.stranger().post("/token/refresh", token).status_code == 200


def test_a_token_that_is_no_text_is_refused_in_words(world: World) -> None:
    # Given a log-in that is there, since only then is the rest of a token looked at
    session_id = sessions.session_of(world.admin().refresh_token)

    answer = world.stranger().post("/token/refresh", {"refresh_token": f"{session_id.hex}.\ud800"})

    assert answer.status_code == 422
    assert answer.json["errors"]["json"].keys() == {"refresh_token"}


def test_a_used_token_of_one_log_in_is_garbage_under_the_number_of_another(world: World) -> None:
    admin, anna = world.admin(), world.person(Role.VIEWER, "anna")
    used = anna.refresh_token
    world.stranger().post("/token/refresh", {"refresh_token": used})
    moved = admin.refresh_token.partition(".")[0] + "." + used.partition(".")[2]

    assert world.stranger().post("/token/refresh", {"refresh_token": moved}).status_code == 401

    assert admin.get("/me").status_code == 200


def test_a_used_token_is_known_after_a_rotation_too(world_of: WorldOf) -> None:
    old = "the old secret, of forty characters....."
    before = world_of(secret_key=old)
    used = before.admin().refresh_token
    renewed = before.stranger().post("/token/refresh", {"refresh_token": used}).json
    after = world_of(secret_key_previous=old)

    assert after.stranger().post("/token/refresh", {"refresh_token": used}).status_code == 401

    successor = {"refresh_token": renewed["refresh_token"]}
    assert after.stranger().post("/token/refresh", successor).status_code == 401


def test_renewing_is_bounded(world_of: WorldOf) -> None:
    world = world_of(refresh_rate_limit="2 per minute")
    token = {"refresh_token": "made up"}

    answers = [world.stranger().post("/token/refresh", token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json["code"] == 429
    assert int(answers[2].headers["Retry-After"]) <= 60


def test_logging_out_ends_every_token_of_the_log_in(world: World) -> None:
    admin = world.admin()

    assert admin.post("/logout").status_code == 204

    assert admin.get("/me").status_code == 401
    token = {"refresh_token": admin.refresh_token}
    assert world.stranger().post("/token/refresh", token).status_code == 401


def test_a_shut_out_account_is_out_at_once_and_a_new_role_holds_at_once(world: World) -> None:
    anna = world.person(Role.VIEWER, "anna")
    assert anna.post("/cameras", {}).status_code == 403

    world.admin().patch(f"/accounts/{anna.account_uuid}", {"role": "operator"})
    assert anna.post("/cameras", {}).status_code == 422

    world.admin().patch(f"/accounts/{anna.account_uuid}", {"is_active": False})
    assert anna.get("/me").status_code == 401


def test_a_new_password_ends_all_other_log_ins(world: World) -> None:
    here, anna = world.admin(), {"username": "admin", "password": PASSWORD}
    elsewhere = Caller(world.app.test_client(), username="admin")
    world.log_in(elsewhere)
    change = {"password": PASSWORD, "new_password": "battery staple"}

    wrong = here.post("/me/password", {**change, "password": "a guess of mine"})
    right = here.post("/me/password", change)

    assert (wrong.status_code, right.status_code) == (403, 204)
    assert here.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 401
    assert world.stranger().post("/login", anna).status_code == 401
    anna["password"] = "battery staple"
    assert world.stranger().post("/login", anna).status_code == 200


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
def test_the_last_admin_stays(world: World, change: dict[str, object]) -> None:
    admin = world.admin()

    answer = admin.patch(f"/accounts/{admin.account_uuid}", change)

    assert answer.status_code == 409
    assert admin.get("/me").json["role"] == "admin"


def test_a_browser_gets_cookies_that_scripts_cannot_read(world: World) -> None:
    admin = world.admin()

    answer = world.stranger().post(
        "/login", {"username": admin.username, "password": PASSWORD, "cookies": True}
    )

    cookies = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert set(cookies) == {ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE}
    assert "HttpOnly" in cookies[ACCESS_COOKIE]
    assert "HttpOnly" in cookies[REFRESH_COOKIE]
    assert "Path=/token/refresh" in cookies[REFRESH_COOKIE]
    assert all("SameSite" in line for line in cookies.values())
    assert "access_token" not in answer.json
    assert "refresh_token" not in answer.json


def test_a_change_by_cookie_needs_the_header_that_only_our_pages_can_send(world: World) -> None:
    browser, csrf = a_browser(world)
    camera = {"name": "Yard", "stream_url": "rtsp://cam/1"}

    assert browser.get("/cameras").status_code == 200
    assert browser.post("/cameras", camera).status_code == 403
    wrong = browser.post("/cameras", camera, headers={CSRF_HEADER: "guessed"})
    right = browser.post("/cameras", camera, headers={CSRF_HEADER: csrf})

    assert (wrong.status_code, right.status_code) == (403, 201)


def test_a_browser_renews_by_cookie_with_the_header(world: World) -> None:
    browser, csrf = a_browser(world)

    without = browser.post("/token/refresh", {})
    renewed = browser.post("/token/refresh", {}, headers={CSRF_HEADER: csrf})

    assert (without.status_code, renewed.status_code) == (403, 200)
    assert renewed.json == {}
    assert any(REFRESH_COOKIE in line for line in renewed.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", ", ,", "Bearer é", "Bearer  "]
)
def test_a_header_that_is_no_token_is_refused_in_words(world: World, header: str) -> None:
    answer = world.stranger().get("/cameras", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json["message"]


def test_a_token_of_one_kind_does_not_pass_for_another(world: World) -> None:
    camera_id = world.camera()
    made = world.admin().post("/stream_tokens", {"path": f"/get_stream/{camera_id}"}).json
    headers = {"Authorization": f"Bearer {made['token']}"}

    assert world.stranger().get("/cameras", headers=headers).status_code == 401


def test_no_answer_and_no_row_holds_a_secret(world: World) -> None:
    admin = world.admin()
    texts = [admin.get(path).text for path in ("/accounts", "/me", "/audit", "/invitations")]

    assert not any(PASSWORD in text or "argon2" in text or SECRET in text for text in texts)


def a_browser(world: World) -> tuple[Caller, str]:
    """Return a browser that is logged in by cookie, and what its pages send along."""
    browser = world.stranger()
    pair = {"username": world.admin().username, "password": PASSWORD, "cookies": True}
    assert browser.post("/login", pair).status_code == 200
    cookie = browser.client.get_cookie(CSRF_COOKIE)
    assert cookie is not None
    return browser, cookie.value
