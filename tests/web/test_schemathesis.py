"""Whatever the document allows, and what it does not, as each role: no 500, and no long wait.

``VIGIL_SCHEMATHESIS_CASES`` sets how many cases there are in all; by default one for each route
and role.
"""

import math
import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.web.worlds import Caller, World
from web.access.rights import Role

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis")

CASES = int(os.environ.get("VIGIL_SCHEMATHESIS_CASES", "150"))
ROLES = ("anonymous", "viewer", "operator", "admin")
LONGEST_S = 2.0


@pytest.fixture
def schema(pictured: World) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", pictured.app)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_can_be_sent_is_answered_with_500(
    pictured: World, schema: Any, role: str
) -> None:
    operations = [result.ok() for result in schema.get_all_operations()]
    each = math.ceil(CASES / (len(operations) * len(ROLES)))
    caller = a_caller(pictured, role)
    sent = 0
    for operation in operations:
        for case in cases(operation, each, numbers_of(pictured)):
            renew(pictured, caller)
            began_s = time.monotonic()
            answer = case.call(headers=headers_of(caller))
            took_s = time.monotonic() - began_s
            sent += 1
            said = f"{case.as_curl_command()}\n{answer.content[:500]!r}"
            assert answer.status_code < 500, said
            assert took_s < LONGEST_S, said
            if answer.status_code >= 400:
                assert answer.json()["message"], said

    assert sent >= len(operations)


def cases(operation: Any, number: int, numbers: dict[str, Any]) -> list[Any]:
    """Return cases of an operation, some with the numbers of things that exist."""
    drawn: list[Any] = []

    @seed(2)
    @settings(
        max_examples=number,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=inputs(operation), is_known=st.booleans())
    def draw(case: Any, is_known: bool) -> None:
        if is_known and case.path_parameters:
            case.path_parameters.update(
                {name: numbers[name] for name in case.path_parameters if name in numbers}
            )
        drawn.append(case)

    draw()
    return drawn


def inputs(operation: Any) -> st.SearchStrategy[Any]:
    """Return what the document allows and, where anything can be wrong, what it forbids."""
    modes = schemathesis.GenerationMode
    allowed: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=modes.POSITIVE)
    if not (operation.body or operation.query or operation.path_parameters):
        return allowed
    forbidden = operation.as_strategy(generation_mode=modes.NEGATIVE)
    either: st.SearchStrategy[Any] = st.one_of(allowed, forbidden)
    return either


def a_caller(world: World, role: str) -> Caller:
    if role == "anonymous":
        return world.stranger()
    return world.admin() if role == "admin" else world.person(Role(role))


def renew(world: World, caller: Caller) -> None:
    """Log a caller in again, who may have logged out by chance."""
    if caller.username and caller.get("/me").status_code == 401:
        world.log_in(caller)


def headers_of(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.access_token}"} if caller.access_token else {}


def numbers_of(world: World) -> dict[str, Any]:
    """Return the numbers of one of everything, made anew where a case deleted it."""
    admin = world.admin()
    renew(world, admin)
    accounts = admin.get("/accounts").json
    victim = next((each for each in accounts if each["username"] == "victim"), None)
    if victim is None:
        world.person(Role.VIEWER, "victim")
        return numbers_of(world)
    cameras = admin.get("/cameras").json
    camera_id = cameras[0]["id"] if cameras else world.camera(f"Camera {time.monotonic_ns()}")
    return {"camera_id": camera_id, "account_id": victim["account_uuid"]}
