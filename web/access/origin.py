"""By which name a browser came here, and from whose page.

Where no password is asked for, these two are what keeps the pages of other sites out: they reach
this machine through the browser of whoever looks at them.
"""

import re
from urllib.parse import SplitResult, urlsplit

from flask import Request

#: A name of this machine that no attacker's DNS can point elsewhere.
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|::1)")


def is_loopback_name(host: str) -> bool:
    """Return whether a name or address, without port and brackets, is this machine's for sure."""
    return _LOOPBACK.fullmatch(host) is not None


def is_called_as_loopback(request: Request) -> bool:
    """Return whether the caller names this machine so that DNS rebinding is ruled out."""
    name = _parsed(f"//{request.host}").hostname
    return name is not None and is_loopback_name(name)


def is_from_another_site(request: Request) -> bool:
    """Return whether a browser says that a page calls that is not ours."""
    origin = request.headers.get("Origin")
    return origin is not None and _parsed(origin).netloc != request.host


def _parsed(url: str) -> SplitResult:
    """Return the parts of a URL; none of them when it is no URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
