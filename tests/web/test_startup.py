"""What happens before the server listens, and the settings that decide it."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from structlog.testing import capture_logs

from tests.web.conftest import WorldOf
from tests.web.worlds import PASSWORD, Caller, World, settings_for
from web import startup
from web.database import db
from web.models import Account
from web.settings import WebSettings
from web.users.first_account import setup_code

NEW = {"username": "anna", "email": "anna@example.org", "password": PASSWORD}


def test_the_log_says_the_set_up_code_while_there_is_no_account(world: World) -> None:
    with capture_logs() as logged:
        startup.prepare(world.app)
        startup.prepare(world.app)
    world.admin()
    with capture_logs() as logged_later:
        startup.prepare(world.app)

    codes = [entry["setup_code"] for entry in logged]
    # The same in every process and at every start, so that any line of the log will do
    assert codes == [setup_code(world.wiring.signer)] * 2
    assert len(codes[0]) == 26
    assert logged_later == []


def test_the_environment_names_the_first_admin_once(world_of: WorldOf) -> None:
    world = world_of(admin_username="root", admin_password=PASSWORD)

    startup.prepare(world.app)
    startup.prepare(world.app)

    root = Caller(world.app.test_client(), username="root")
    world.log_in(root)
    assert root.get("/me").json["role"] == "admin"
    with world.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count(Account.id))) == 2  # And the local admin.
    assert world.stranger().post("/register", NEW).status_code == 201


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 201), ("::1", 201), ("192.168.1.20", 403)]
)
def test_make_run_lets_this_machine_make_the_first_account(
    world_of: WorldOf, address: str, status: int
) -> None:
    world = world_of(first_account_on_loopback=True)
    browser = {"environ_overrides": {"REMOTE_ADDR": address}}

    assert world.stranger().post("/register", NEW, **browser).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "rebound.evil.example:5000"}, 403),
        ({"Host": "localhost:5000", "Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:5000", "Origin": "null"}, 403),
        ({"Host": "127.0.0.1:5000", "Origin": "http://127.0.0.1:5000"}, 201),
    ],
)
def test_a_foreign_page_in_a_browser_here_needs_the_set_up_code(
    world_of: WorldOf, headers: dict[str, str], status: int
) -> None:
    world = world_of(first_account_on_loopback=True)

    assert world.stranger().post("/register", NEW, headers=headers).status_code == status


def test_an_address_in_a_header_counts_only_behind_our_proxy(world_of: WorldOf) -> None:
    forged = {"headers": {"X-Forwarded-For": "127.0.0.1"}}
    stranger = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.7"}}
    bare = world_of(first_account_on_loopback=True)

    assert bare.stranger().post("/register", NEW, **forged, **stranger).status_code == 403


def test_behind_a_proxy_the_trail_names_the_caller(world_of: WorldOf) -> None:
    world = world_of(trusted_proxies=1)
    # What a client forges stands before what our proxy adds.
    headers = {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}

    world.stranger().post("/login", {"username": "x", "password": "y"}, headers=headers)

    assert world.admin().get("/audit").json[-1]["address"] == "203.0.113.7"


def test_a_step_of_the_server_publishes_what_redis_lacks(world: World) -> None:
    camera_id = world.camera()
    world.queue.flushall()

    startup.reconcile(world.app)

    head = world.store.head()
    assert head is not None
    assert head.camera_ids == (camera_id,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"database_url": "mysql://u@h/x"}, "must begin with postgresql://"),
        ({"database_url": "nonsense"}, "must look like postgresql://"),
        ({"admin_username": "root"}, "come together"),
        ({"admin_password": PASSWORD}, "come together"),
        ({"auth_mode": "perhaps"}, "auth_mode"),
        ({"registration": "sometimes"}, "registration"),
        ({"access_token_s": 1}, "access_token_s"),
        ({"login_rate_limit": "10 per minut"}, "must look like 10 per minute"),
        ({"max_body_bytes": 1_048_577}, "max_body_bytes"),
        ({"register_rate_limit": ""}, "must look like 10 per minute"),
    ],
)
def test_an_unfit_setting_is_named(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    given = {"database_url": "postgresql://u:s3cret@h/x", **changes}

    with pytest.raises(ValidationError) as raised:
        settings_for(given.pop("database_url"), "redis://localhost", tmp_path, **given)

    assert said in str(raised.value)


def test_settings_keep_their_secrets(tmp_path: Path) -> None:
    settings = settings_for("postgresql://u:s3cret@h/x", "redis://localhost", tmp_path)

    assert "s3cret" not in repr(settings)
    assert all(field.description for field in WebSettings.model_fields.values())
