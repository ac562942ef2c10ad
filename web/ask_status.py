"""``vigil status``: asks a running web who looks at which camera, and prints it."""

import argparse
import getpass
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from vigil.errors import SetupInvalid, Unavailable

#: What web may take to answer.
_TIMEOUT_S = 10.0
_COLUMNS = ("worker", "cameras", "load", "looked", "wanted", "capacity", "since", "looks with")


def main(arguments: Sequence[str]) -> int:
    """Run ``vigil status``; return 1 when a camera is not looked at as it should be."""
    asked = _parsed(arguments)
    url = asked.url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise SetupInvalid(f"--url: '{asked.url}' should be like http://127.0.0.1:5000")
    token = _token(url, asked.username)
    found = _ask(f"{url}/workers", wanted=("workers", "cameras"), token=token)
    faults = [_fault(each) for each in found["cameras"] if each["error"]]
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join([*_table([_COLUMNS, *map(_row, found["workers"])]), *faults]))
    return int(bool(faults))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vigil status", description="Say who looks at which camera, as web knows it."
    )
    parser.add_argument("--url", default="http://127.0.0.1:5000", help="of web (%(default)s)")
    parser.add_argument(
        "--username",
        help="an admin's or operator's account; its password is in VIGIL_PASSWORD, or asked for. "
        "Without: an access token is in VIGIL_TOKEN, or web needs none",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as it came")
    return parser.parse_args(arguments)


def _token(url: str, username: str | None) -> str | None:
    if username is None:
        return os.environ.get("VIGIL_TOKEN")
    password = os.environ.get("VIGIL_PASSWORD") or getpass.getpass(f"Password of {username}: ")
    given = {"username": username, "password": password}
    token: str = _ask(f"{url}/login", wanted=("access_token",), body=given)["access_token"]
    return token


def _ask(
    url: str,
    *,
    wanted: Sequence[str],
    token: str | None = None,
    body: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the body that web answers with, in which there is all that is wanted.

    Raises:
        SetupInvalid: It refuses us, or is no web of ours.
        Unavailable: It does not answer, or knows nothing now.
    """
    request = urllib.request.Request(  # noqa: S310  The scheme was checked.
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"}
        | ({"Authorization": f"Bearer {token}"} if token else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            said = _message(error)
        if error.code in {401, 403}:
            raise SetupInvalid(f"{said} (log in as an admin or operator: --username)") from error
        if error.code in {429, 503}:
            raise Unavailable(f"{url}: {said}") from error
        raise SetupInvalid(f"{url} answers {error.code}: {said}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SetupInvalid(f"{url} is not Vigil's: it answers no JSON") from error
    except OSError as error:
        raise Unavailable(f"{url} does not answer: {error}") from error
    except http.client.HTTPException as error:
        raise SetupInvalid(f"{url} is not Vigil's: it speaks no HTTP") from error
    if not isinstance(found, dict) or not found.keys() >= set(wanted):
        raise SetupInvalid(f"{url} is not Vigil's: its answer lacks {' or '.join(wanted)}")
    return found


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return error.reason


def _row(worker: dict[str, Any]) -> tuple[str, ...]:
    load, capacity = worker["load_ratio"], worker["capacity_fps"]
    return (
        worker["name"],
        str(len(worker["camera_ids"])),
        "-" if load is None else f"{100 * load:.0f} %",
        f"{worker['looked_fps']:g}/s",
        f"{worker['wanted_fps']:g}/s",
        "not measured yet" if capacity is None else f"{capacity:g}/s",
        worker["since"],
        ", ".join(worker["recognisers"]) or "-",
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _fault(camera: dict[str, Any]) -> str:
    return f"camera {camera['id']} ({camera['name']}): {camera['error']}"
