"""A new SECRET_KEY, until the one before it is dropped."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from vigil.sealing import Sealer
from web import rotation, startup
from web.database import db
from web.models import Camera, LineToken

OLD, NEW = "the old secret, of forty characters.....", "the new secret, of forty characters....."
URL, CREDENTIALS = "rtsp://cam/user=anna_password=hidden_channel=1", "anna:s3cret"
MODEL = "https://hub/best.onnx?token=hidden"
SUB_URL, SUB_CREDENTIALS = "rtsp://other/password=hidden_channel=2", "berta:s3cret"
SUB_TYPED = SUB_URL.replace("//", f"//{SUB_CREDENTIALS}@")
TYPED = URL.replace("//", f"//{CREDENTIALS}@")


def test_a_rotated_secret_is_dropped_and_everything_still_opens(
    world_of: WorldOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an installation with more rows than one transaction takes
    monkeypatch.setattr(rotation, "BATCH", 2)
    before = world_of(secret_key=OLD)
    for name in ("Door", "Yard", "Hall", "Gate", "Roof"):
        before.camera(name, stream_url=TYPED, sub_stream_url=SUB_TYPED, recognition=MODEL)
    before.camera("Open", stream_url="rtsp://cam/2", recognition=["basic", MODEL])
    before.admin().post("/line_tokens", {"token": "a channel's token", "to": "U1"})
    refresh_token = before.admin().refresh_token
    revisions = [revision for _, _, revision in rows_of(before)]

    # When it starts once with both secrets
    start(world_of(secret_key=NEW, secret_key_previous=OLD))

    # Then the new one alone opens what is stored, and what was published
    alone = world_of(secret_key=NEW)
    assert opened(alone) == [*[(URL, CREDENTIALS)] * 5, ("rtsp://cam/2", None)]
    assert published(alone) == opened(alone)
    # Or no service would take it for newer than what it holds
    assert min(revision for _, _, revision in rows_of(alone)) > max(revisions)
    assert models_of(alone) == [*[[MODEL]] * 5, [None, MODEL]]
    assert subs_of(alone) == [*[(SUB_URL, SUB_CREDENTIALS)] * 5, (None, None)]
    with alone.app.app_context():
        (token,) = db.session.scalars(sa.select(LineToken.token))
    assert alone.wiring.sealer.open(token) == "a channel's token"
    # And who was logged in stays so
    renewed = alone.stranger().post("/token/refresh", {"refresh_token": refresh_token})
    assert renewed.status_code == 200


def test_a_second_start_with_both_secrets_changes_nothing(world_of: WorldOf) -> None:
    world_of(secret_key=OLD).camera(stream_url=TYPED)
    both = world_of(secret_key=NEW, secret_key_previous=OLD)
    start(both)
    rows, head = rows_of(both), both.store.head()

    start(both)

    assert rows_of(both) == rows
    assert both.store.head() == head


def test_what_neither_secret_opens_is_said_and_stays(world_of: WorldOf) -> None:
    stranger = world_of(secret_key="a third secret, of which nobody knows now")
    camera_id = stranger.camera(stream_url=TYPED)
    both = world_of(secret_key=NEW, secret_key_previous=OLD)
    rows = rows_of(both)

    with capture_logs() as logged:
        start(both)

    assert rows_of(both) == rows
    said = [(each["column"], each["id"]) for each in logged if each["event"] == "sealed_unreadable"]
    assert said == [("sealed_url", camera_id), ("credentials", camera_id)]


def test_a_camera_that_is_changed_meanwhile_stays_as_it_was_changed(
    world_of: WorldOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world_of(secret_key=OLD)
    camera_id = before.camera(stream_url=TYPED)
    both = world_of(secret_key=NEW, secret_key_previous=OLD)
    renewed = Sealer.renewed

    def renewed_late(sealer: Sealer, token: str) -> str:
        before.admin().patch(f"/cameras/{camera_id}", {"stream_url": "rtsp://cam/other"})
        return renewed(sealer, token)

    with monkeypatch.context() as patched:
        patched.setattr(Sealer, "renewed", renewed_late)
        start(both)

    assert [url for url, _ in opened(both)] == ["rtsp://cam/other"]


def start(world: World) -> None:
    """Do what a server does first."""
    startup.prepare(world.app)
    startup.reconcile(world.app)


def rows_of(world: World) -> list[tuple[str, str | None, int]]:
    with world.app.app_context():
        query = sa.select(Camera.sealed_url, Camera.credentials, Camera.revision)
        rows = db.session.execute(query.order_by(Camera.id)).all()
    return [(sealed_url, credentials, revision) for sealed_url, credentials, revision in rows]


def opened(world: World) -> list[tuple[str, str | None]]:
    """Return URL and password of each stored camera, as the world's own secrets open them."""
    open_ = world.wiring.sealer.open
    return [(open_(url), pair and open_(pair)) for url, pair, _ in rows_of(world)]


def models_of(world: World) -> list[list[str | None]]:
    """Return the addresses of each camera's models, as the world's own secrets open them."""
    query = sa.select(Camera.sealed_recognition).order_by(Camera.id)
    with world.app.app_context():
        sealed = db.session.scalars(query).all()
    open_ = world.wiring.sealer.open
    return [[address and open_(address) for address in each or ()] for each in sealed]


def subs_of(world: World) -> list[tuple[str | None, str | None]]:
    """Return URL and password of each camera's sub-stream, as the world's own secrets open them."""
    query = sa.select(Camera.sealed_sub_url, Camera.sub_credentials).order_by(Camera.id)
    with world.app.app_context():
        rows = db.session.execute(query).all()
    open_ = world.wiring.sealer.open
    return [(url and open_(url), pair and open_(pair)) for url, pair in rows]


def published(world: World) -> list[tuple[str, str | None]]:
    """Return the same of each document on the queue Redis."""
    open_, head = world.wiring.sealer.open, world.store.head()
    assert head is not None
    documents = world.store.documents(head.camera_ids)
    return [
        (open_(document.sealed_url), document.credentials and open_(document.credentials))
        for _, document in sorted(documents.items())
    ]
