"""The schema, and PostgreSQL that goes away and comes back."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import psycopg2
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.needs import POSTGRESQL_15
from tests.servers import execute
from tests.waiting import wait_until
from tests.web.worlds import SECRET, World, a_world, settings_for
from vigil.sealing import Sealer
from web.database import db
from web.errors import DatabaseUnavailable
from web.migrate import migrate, migrating_app
from web.models import Base, Camera

#: Everything that a schema is made of, as PostgreSQL itself says it.
SCHEMA_QUERIES = (
    """
    SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
    """,
    """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    """
    SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1
    """,
)


@pytest.fixture
def fresh(postgres_server: EmbeddedPostgres) -> str:
    """Give the URL of a database with nothing in it."""
    execute(postgres_server.url, "DROP DATABASE IF EXISTS fresh WITH (FORCE)")
    execute(postgres_server.url, "CREATE DATABASE fresh TEMPLATE template0")
    return postgres_server.url.rpartition("/")[0] + "/fresh"


def schema_of(url: str) -> list[list[tuple[Any, ...]]]:
    return [
        [row for row in rows_of(url, query) if "alembic" not in str(row[0])]
        for query in SCHEMA_QUERIES
    ]


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def application(url: str, home: Path) -> Flask:
    return migrating_app(settings_for(url, "redis://localhost:1", home))


def test_the_migrations_make_what_the_models_say(migrated: str, fresh: str, tmp_path: Path) -> None:
    app = application(fresh, tmp_path)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        db.engine.dispose()

    columns, constraints, indexes, triggers = schema_of(fresh)
    assert len(columns) > 60
    assert triggers
    # pg_indexes repeats the schema's name only
    assert schema_of(migrated) == [columns, constraints, indexes, triggers]


def test_alembic_itself_finds_nothing_left_to_do(migrated: str, tmp_path: Path) -> None:
    app = application(migrated, tmp_path)
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    with app.app_context():
        db.engine.dispose()


def test_the_migrations_go_back_and_forth(fresh: str, tmp_path: Path) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    migrate(settings)
    first = schema_of(fresh)
    app = application(fresh, tmp_path)
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        db.engine.dispose()
    assert schema_of(fresh) == [[], [], [], []]

    migrate(settings)
    migrate(settings)

    assert schema_of(fresh) == first


def test_the_addresses_of_an_older_schema_are_sealed_and_shown_masked(
    fresh: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    plain, secret = "rtsp://cam/1", "rtsp://cam/user=a_password=hidden_channel=1"
    masked = "rtsp://cam/user=***_password=***_channel=1"
    migrate(settings, revision="0002")
    for name, url in (("Door", plain), ("Yard", secret)):
        fields = f"'{name}', '{url}', '', 'default', 'tcp', false, true, 5, 0.4, 'UTC', 1"
        execute(
            fresh,
            "INSERT INTO cameras (name, stream_url, location, recognition, transport, loop,"  # noqa: S608  # Our own.
            f" enabled, frame_fps, min_confidence, time_zone, revision) VALUES ({fields})",
        )
        execute(
            fresh,
            "INSERT INTO audit_entries (address, action, details) VALUES ('here', 'camera.added',"  # noqa: S608
            f""" '{{"name": "{name}", "stream_url": "{url}"}}')""",
        )

    migrate(settings)

    sealer = Sealer(SECRET)
    rows = rows_of(fresh, "SELECT stream_url, sealed_url FROM cameras ORDER BY id")
    assert [(url, sealer.open(sealed)) for url, sealed in rows] == [
        (plain, plain),
        (masked, secret),
    ]
    trail = "SELECT details ->> 'name', details ->> 'stream_url' FROM audit_entries ORDER BY id"
    assert rows_of(fresh, trail) == [("Door", plain), ("Yard", masked)]
    with pytest.raises(psycopg2.errors.RaiseException, match="append-only"):
        execute(fresh, "UPDATE audit_entries SET action = 'forged'")

    app = application(fresh, tmp_path)
    with app.app_context():
        flask_migrate.downgrade(revision="0002")
        db.engine.dispose()
    assert rows_of(fresh, "SELECT stream_url FROM cameras ORDER BY id") == [(plain,), (secret,)]


def test_the_models_addresses_of_an_older_schema_are_sealed_and_shown_masked(
    fresh: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    address = "https://hub/best.onnx?token=hidden"
    migrate(settings, revision="0004")
    for name, recognition in (("Door", "basic"), ("Yard", address)):
        fields = f"'{name}', 'rtsp://cam/1', 'sealed', '', '{recognition}', 'tcp', false, false"
        execute(
            fresh,
            "INSERT INTO cameras (name, stream_url, sealed_url, location, recognition, transport,"  # noqa: S608  # Our own.
            " loop, is_demo, enabled, frame_fps, min_confidence, time_zone, revision)"
            f" VALUES ({fields}, true, 5, 0.4, 'UTC', 1)",
        )

    migrate(settings)

    seen = "SELECT recognition, sealed_recognition, revision FROM cameras ORDER BY id"
    door, (shown, sealed, revision) = rows_of(fresh, seen)
    assert door == ("basic", None, 1)
    assert shown == "https://hub/best.onnx?token=***"
    assert [Sealer(SECRET).open(each) for each in sealed] == [address]
    # Or no service would take its document for newer than what it holds
    assert rows_of(fresh, "SELECT generation FROM camera_generation") == [(revision,)]
    assert revision > 1

    app = application(fresh, tmp_path)
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        db.engine.dispose()
    names = rows_of(fresh, "SELECT recognition FROM cameras ORDER BY id")
    assert names == [("basic",), (address,)]


def test_models_of_a_camera_come_and_the_first_stays_when_the_schema_goes_back(
    fresh: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    migrate(settings)
    for name, recognition, sealed in (
        ("Door", '"basic"', "NULL"),
        (
            "Yard",
            '[{"model": "https://hub/a.onnx", "labels": ["person"]}, "basic"]',
            "'{sealed,NULL}'",
        ),
    ):
        fields = f"'{name}', 'rtsp://cam/1', 'sealed', '', '{recognition}', {sealed}, 'tcp'"
        execute(
            fresh,
            "INSERT INTO cameras (name, stream_url, sealed_url, location, recognition,"  # noqa: S608  # Our own.
            " sealed_recognition, transport, loop, is_demo, enabled, frame_fps, min_confidence,"
            " time_zone, recording, revision)"
            f" VALUES ({fields}, false, false, true, 5, 0.4, 'UTC', 'off', 1)",
        )

    app = application(fresh, tmp_path)
    with app.app_context():
        flask_migrate.downgrade(revision="0006")
        db.engine.dispose()

    seen = "SELECT recognition, sealed_recognition FROM cameras ORDER BY id"
    assert rows_of(fresh, seen) == [("basic", None), ("https://hub/a.onnx", "sealed")]
    migrate(settings)
    assert rows_of(fresh, seen) == [("basic", None), ("https://hub/a.onnx", ["sealed"])]


def test_what_users_deleted_under_an_older_schema_begins_when_its_name_says(
    fresh: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    migrate(settings, revision="0015")
    for name in ("13-05-00.040000Z.mp4", "13-06-00.000000Z-1.mp4", "odd.mp4"):
        execute(
            fresh,
            "INSERT INTO segment_deletions (volume, path, camera_id, ordered_at) VALUES"  # noqa: S608  # Our own.
            f" ('{UUID(int=1)}', '7/2026-12-01/{name}', 7, '2026-12-02T00:00:00Z')",
        )

    migrate(settings)

    begun = rows_of(fresh, "SELECT begun_at FROM segment_deletions ORDER BY path")
    assert [at.astimezone(UTC).isoformat() for (at,) in begun] == [
        "2026-12-01T13:05:00.040000+00:00",
        "2026-12-01T13:06:00+00:00",
        "2026-12-02T00:00:00+00:00",
    ]


def test_a_camera_of_an_older_schema_makes_a_picture_in_a_hundred_seconds_at_least(
    fresh: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh, "redis://localhost:1", tmp_path)
    migrate(settings, revision="0010")
    for name, frame_fps in (("Door", 5), ("Yard", 1e-308)):
        fields = f"'{name}', 'rtsp://cam/1', 'sealed', '', '\"basic\"', 'tcp', false, {frame_fps}"
        execute(
            fresh,
            "INSERT INTO cameras (name, stream_url, sealed_url, location, recognition, transport,"  # noqa: S608  # Our own.
            " loop, frame_fps, is_demo, enabled, min_confidence, time_zone, revision)"
            f" VALUES ({fields}, false, true, 0.4, 'UTC', 1)",
        )

    migrate(settings)

    door, (frame_fps, revision) = rows_of(
        fresh, "SELECT frame_fps, revision FROM cameras ORDER BY id"
    )
    assert door == (5, 1)
    assert frame_fps == 0.01
    # Or no service would take its document for newer than what it holds
    assert rows_of(fresh, "SELECT generation FROM camera_generation") == [(revision,)]
    assert revision > 1


@pytest.mark.needs("postgresql-15")
def test_the_migrations_work_on_the_oldest_postgresql(
    migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("postgres", "postgres_data"):
        # Beside the wheel of 18, nothing but a test asks for another.
        name = f"standalone.servers.{module}.programs_folder"
        monkeypatch.setattr(name, lambda: POSTGRESQL_15)
    with EmbeddedPostgres(tmp_path / "fifteen", options={"fsync": "off"}) as server:
        migrate(settings_for(server.url, "redis://localhost:1", tmp_path))

        columns, *_ = schema_of(server.url)

    assert columns == schema_of(migrated)[0]


def test_the_command_migrates(fresh: str) -> None:
    done = run_migrate(fresh)

    assert done.returncode == 0, done.stderr
    assert schema_of(fresh)[0]


def test_the_command_says_that_postgresql_is_away_and_no_password() -> None:
    done = run_migrate("postgresql://u:s3cret@127.0.0.1:1/x")

    assert done.returncode != 0
    assert "PostgreSQL does not answer" in done.stderr
    assert "s3cret" not in done.stderr


def run_migrate(database_url: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: it configures the log for good."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://localhost:1",
        "SECRET_KEY": "x" * 40,
    }
    run = "from web.migrate import main; raise SystemExit(main([]))"
    argv = [sys.executable, "-c", run]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"stream_url": "rtsp://anna:s3cret@cam/1"},
        {"sealed_url": "rtsp://cam/1"},
        {"credentials": "anna:s3cret"},
        {"sealed_recognition": ["https://hub/best.onnx?token=s3cret"]},
        {"recognition": "https://hub/best.onnx?token=s3cret"},
        {"recognition": ["basic", {"model": "https://hub/best.onnx?token=s3cret"}]},
        {"recognition": []},
        {"recognition": ["default"] * 5},
        {"recognition": {"model": "default"}},
        {"frame_fps": 0.009},
        {"frame_fps": float("nan")},
        {"min_confidence": 2},
        {"transport": "pigeon"},
        {"revision": -1},
    ],
)
def test_the_schema_refuses_what_no_service_would_write(
    world: World, change: dict[str, object]
) -> None:
    camera_id = world.camera()

    with world.app.app_context(), pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.update(Camera).where(Camera.id == camera_id).values(**change))


def test_a_statement_that_takes_too_long_is_ended(world: World) -> None:
    with world.app.app_context():
        db.session.execute(sa.text("SET LOCAL statement_timeout = 50"))
        with pytest.raises(DatabaseUnavailable):
            db.session.execute(sa.text("SELECT pg_sleep(5)"))


def test_postgresql_away_is_said_in_words_and_back_it_works(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, options={"fsync": "off"}) as server:
        settings = settings_for(server.url, valkey.url, tmp_path)
        migrate(settings)
        with a_world(settings) as world:
            world.camera("Door")
            admin = world.admin()
            server.stop()

            answer = admin.get("/cameras")
            assert answer.status_code == 503
            assert answer.json["message"] == (
                "The database does not answer. Try again in a few seconds."
            )
            assert answer.headers["Retry-After"] == "5"
            pair = {"username": "admin", "password": "wrong one"}
            assert admin.post("/login", pair).status_code == 503
            assert world.stranger().get("/healthz").status_code == 200
            assert world.stranger().get("/readyz").json["checks"]["postgresql"] is False

            server.start()
            wait_until(lambda: admin.get("/cameras").status_code == 200)
            assert [camera["name"] for camera in admin.get("/cameras").json] == ["Door"]
