"""What each role may do on the two Redis servers, tried with its own password."""

import pytest

from tests.containers.stack import Stack

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(600)]

FRAME, BOXED = "camera_7_latest_frame", "camera_7_boxed_image"
CONFIG = "vigil:camera_config:7"
KNOWN = "vigil:known_footage:00000000-0000-0000-0000-000000000001:1"

ALLOWED = [
    ("redis-media", "camera_ctrl", f"SET {FRAME} x PX 100"),
    ("redis-media", "camera_ctrl", f"XLEN {{{FRAME}}}:packets"),
    ("redis-media", "camera_ctrl", "ZCARD vigil:members:ingest"),
    ("redis-media", "object_recognition", f"GET {FRAME}"),
    ("redis-media", "object_recognition", f"SET {BOXED} x PX 100"),
    ("redis-media", "object_recognition", f"GET {{{FRAME}}}:watched"),
    ("redis-media", "recorder", f"XRANGE {{{FRAME}}}:packets - +"),
    ("redis-media", "recorder", f"LRANGE {{{FRAME}}}:gops 0 -1"),
    ("redis-media", "recorder", f"HGET {{{FRAME}}}:templates x"),
    ("redis-media", "recorder", "SET {camera_7:rec}:mark x PX 100"),
    ("redis-media", "recorder", f"GET {{{FRAME}}}:status"),
    ("redis-media", "recorder", f"GET {{{FRAME}}}:watched"),
    ("redis-media", "recorder", f"GET {{{BOXED}}}:detections"),
    ("redis-media", "recorder", "GET {camera_7:rec}:taken"),
    ("redis-media", "web", "SET {camera_7:rec}:taken 1 PX 100"),
    ("redis-media", "recorder", "ZCARD vigil:members:recording"),
    ("redis-queue", "recorder", f"GET {CONFIG}"),
    ("redis-queue", "recorder", "XADD vigil:facts * f x"),
    ("redis-queue", "recorder", f"GET {KNOWN}"),
    ("redis-queue", "recorder", "MGET vigil:protections:7"),
    ("redis-queue", "recorder", "SRANDMEMBER vigil:footage_deletions:x 50"),
    ("redis-queue", "recorder", "SREM vigil:footage_deletions:x 7/x"),
    ("redis-queue", "recorder", "HSET vigil:footage_volumes x x"),
    ("redis-queue", "web", "SET vigil:protections:7 x"),
    ("redis-queue", "web", "SADD vigil:footage_deletions:x 7/x"),
    ("redis-queue", "web", "HGETALL vigil:footage_volumes"),
    ("redis-media", "web", f"GET {FRAME}"),
    ("redis-media", "web", f"GET {BOXED}"),
    ("redis-media", "web", f"GET {{{FRAME}}}:status"),
    ("redis-media", "web", f"GET {{{BOXED}}}:detections"),
    ("redis-media", "web", "GET {camera_7:rec}:status"),
    ("redis-media", "web", "TIME"),
    ("redis-media", "web", "HGETALL {vigil:members:recognition}:reports"),
    ("redis-media", "object_recognition", "HGETALL {vigil:members:recognition}:reports"),
    ("redis-media", "web", f"SET {{{FRAME}}}:watched 1 PX 100"),
    ("redis-queue", "camera_ctrl", f"GET {CONFIG}"),
    ("redis-queue", "object_recognition", f"GET {CONFIG}"),
    ("redis-queue", "object_recognition", "XADD vigil:facts * f x"),
    ("redis-queue", "jobs", "XADD vigil:facts * f x"),
    ("redis-queue", "jobs", "EXISTS vigil:cancelled_export:1"),
    ("redis-queue", "jobs", "RPUSH vigil:jobs:exports x"),
    ("redis-queue", "jobs", "ZADD vigil:jobs:__heartbeats__ 1 x"),
    ("redis-queue", "jobs", "DEL vigil:jobs:__acks__.x.exports"),
    ("redis-queue", "web", "HSET vigil:jobs:exports.msgs x y"),
    ("redis-queue", "web", "SET vigil:cancelled_export:1 1 EX 1"),
    ("redis-queue", "web", "XLEN vigil:facts"),
    ("redis-queue", "web", f"SET {KNOWN} x EX 1"),
    ("redis-queue", "web", "SET LIMITS:LIMITER/vigil:limits/try x PX 100"),
]
REFUSED = [
    # Nobody writes what another owns.
    ("redis-media", "camera_ctrl", f"SET {BOXED} x"),
    ("redis-media", "object_recognition", f"SET {FRAME} x"),
    ("redis-media", "object_recognition", f"DEL {{{FRAME}}}:packets"),
    ("redis-media", "object_recognition", "ZREM vigil:members:ingest other"),
    ("redis-media", "web", f"SET {FRAME} x"),
    ("redis-media", "web", f"DEL {BOXED}"),
    ("redis-media", "web", f"SPUBLISH {{{FRAME}}}:bell 1"),
    # Nobody sees what privacy masks hide: packets are of the whole scene.
    *(
        ("redis-media", role, command)
        for role in ("object_recognition", "web")
        for command in (
            f"XLEN {{{FRAME}}}:packets",
            f"XRANGE {{{FRAME}}}:sub:packets - +",
            f"LRANGE {{{FRAME}}}:gops 0 -1",
            f"HGETALL {{{FRAME}}}:templates",
            f"GET {{{FRAME}}}:sub:packet_bytes",
            f"HGETALL {{{FRAME}}}:lease",
        )
    ),
    # Who records what is sent writes none of it, and sees no picture.
    ("redis-media", "recorder", f"DEL {{{FRAME}}}:packets"),
    ("redis-media", "recorder", f"XADD {{{FRAME}}}:packets * m x"),
    ("redis-media", "recorder", f"GET {FRAME}"),
    ("redis-media", "recorder", f"GET {BOXED}"),
    ("redis-media", "recorder", f"SET {{{FRAME}}}:watched 1"),
    ("redis-queue", "recorder", f"SET {CONFIG} x"),
    ("redis-queue", "recorder", "DEL vigil:facts"),
    # Who makes exports decides neither what there is nor what is wanted.
    ("redis-queue", "jobs", "DEL vigil:facts"),
    ("redis-queue", "jobs", "XTRIM vigil:facts MAXLEN 0"),
    ("redis-queue", "jobs", f"GET {CONFIG}"),
    ("redis-queue", "jobs", "SET vigil:cancelled_export:1 1"),
    ("redis-queue", "jobs", "KEYS *"),
    ("redis-queue", "recorder", "RPUSH vigil:jobs:exports x"),
    ("redis-queue", "object_recognition", "RPUSH vigil:jobs:exports x"),
    # What web says of footage decides what is deleted: nobody else says it.
    ("redis-queue", "recorder", f"SET {KNOWN} x"),
    ("redis-queue", "object_recognition", f"SET {KNOWN} x"),
    ("redis-queue", "camera_ctrl", f"GET {KNOWN}"),
    ("redis-queue", "recorder", "SET vigil:protections:7 x"),
    ("redis-queue", "web", "HSET vigil:footage_volumes x x"),
    ("redis-media", "web", "GET {camera_7:rec}:mark"),
    ("redis-media", "web", f"GET {{{FRAME}}}:watched"),
    ("redis-media", "object_recognition", f"SET {{{FRAME}}}:watched 1"),
    ("redis-queue", "camera_ctrl", f"SET {CONFIG} x"),
    ("redis-queue", "object_recognition", f"DEL {CONFIG}"),
    ("redis-queue", "object_recognition", "DEL vigil:facts"),
    ("redis-queue", "camera_ctrl", "XLEN vigil:facts"),
    ("redis-queue", "camera_ctrl", "GET LIMITS:LIMITER/vigil:limits/try"),
    ("redis-queue", "camera_ctrl", "PUBLISH vigil:camera_config:bell 1"),
    # Nobody does what is an administrator's, or sees what is not his.
    *(
        (server, role, command)
        for server in ("redis-media", "redis-queue")
        for role in ("camera_ctrl", "object_recognition", "recorder", "web")
        for command in (
            "FLUSHALL",
            "KEYS *",
            "SCAN 0",
            "CONFIG GET requirepass",
            "ACL LIST",
            "SCRIPT FLUSH",
            "SHUTDOWN",
            "GET other",
        )
    ),
    # The health check may look, and nothing else.
    ("redis-queue", "health", f"GET {CONFIG}"),
]


@pytest.mark.parametrize(("server", "role", "command"), ALLOWED)
def test_a_role_may_do_its_work(stack: Stack, server: str, role: str, command: str) -> None:
    assert "NOPERM" not in stack.redis(server, role, command)


@pytest.mark.parametrize("server", ["redis-media", "redis-queue"])
def test_nobody_may_do_anything_else(stack: Stack, server: str) -> None:
    tried = [(role, command) for where, role, command in REFUSED if where == server]

    said = {(role, command): stack.redis(server, role, command) for role, command in tried}

    assert {key: text for key, text in said.items() if not text.startswith("NOPERM")} == {}


@pytest.mark.parametrize("server", ["redis-media", "redis-queue"])
def test_a_stranger_may_not_even_ask(stack: Stack, server: str) -> None:
    said = stack.compose.execute(server, "redis-cli", stdin="PING\nAUTH default \nPING\n")

    assert "PONG" not in said
    assert said.startswith("NOAUTH")
