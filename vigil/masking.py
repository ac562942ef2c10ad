"""Secrets in addresses, masked: the one home of what a secret looks like.

What is kept is sealed, whatever it looks like (`vigil.sealing`). This is for what is shown, in
answers of the API and in log lines.

Written                                        Shown
http://cam/live?usr=a&pwd=b&ch=1               http://cam/live?usr=***&pwd=***&ch=1
rtsp://cam/user=a_password=b_channel=1         rtsp://cam/user=***_password=***_channel=1
rtsp://cam/0/anna:12345/main                   rtsp://cam/0/anna:***/main
http://hub/live?src=rtsp://anna:12345@cam/1    http://hub/live?src=rtsp://***@cam/1
rtsp://anna:12345@cam/1 (in a log line)        rtsp://***@cam/1

A secret without a name beside it (``http://cam/video/anna/12345``) looks like any other path.
"""

import re
from typing import Final

MASK: Final = "***"

#: What names a secret, at one maker or another, wherever it stands in a name.
_PART: Final = "pass|pwd|psw|secret|token|auth|key|cred|login|session|signature"
#: What does alone, or at a name's end; and what names the owner of a secret.
_END: Final = "(?:user(?:name)?|usr(?:name)?|account|sig|sid|pin|pas|pw|u|p)="
#: What may follow a secret inside a path.
_NEXT_NAME: Final = r"(?:channel|chn|ch|stream|subtype|onvif)="
# Nothing is looked at twice (``*+``): anybody can have a long address logged.
_REST: Final = "[a-z0-9-]*+="
_NAME: Final = f"(?={_REST})(?:(?=[a-z0-9-]*?(?:{_PART})){_REST}|{_END})"
_NAMED: Final = re.compile(
    f"((?<![a-z0-9-])(?={_REST})(?=[a-z0-9-]*?(?:{_PART}|{_END})){_REST}).*",
    re.IGNORECASE | re.DOTALL,
)
#: Only these part one value from the next: a password may hold most other characters, and rather
#: too much is masked than too little.
_BETWEEN: Final = re.compile(rf"(&|[/?_;,](?={_NAME}|{_NEXT_NAME}))", re.IGNORECASE)
#: What stands around user and password: as it is, and as a value in a query may have it.
_AROUND_USERINFO: Final = (("://", "@"), ("%3A%2F%2F", "%40"), ("%3a%2f%2f", "%40"))
_WORD: Final = re.compile(r"\S+")
_UNQUOTED: Final = re.compile(r"[^\s\"']+")


def masked_address(address: str) -> str:
    """Return a path, or a URL without user and password before its host, as it may be shown."""
    pieces = (
        _NAMED.sub(rf"\g<1>{MASK}", each, count=1) if "=" in each else each
        for each in _BETWEEN.split(address)
    )
    start, slashes, rest = "".join(pieces).partition("://")
    if not slashes:
        return start
    path, query_mark, query = rest.partition("?")
    host, *names = path.split("/")
    # A name of a path with a colon can be a user and a password.
    masked = [re.sub(":.+", f":{MASK}", name) for name in names]
    rest = f"{'/'.join([host, *masked])}{query_mark}{query}"
    for begin, end in _AROUND_USERINFO:
        if begin in rest:
            # An address within the address.
            rest = "&".join(_without_userinfo(each, begin, end) for each in rest.split("&"))
    return f"{start}://{rest}"


def redact(text: str) -> str:
    """Return text in which every address is masked, and has no user and password any more."""
    without_userinfo = _WORD.sub(lambda word: _without_userinfo(word[0]), text)
    return _UNQUOTED.sub(lambda word: _masked_word(word[0]), without_userinfo)


def _without_userinfo(word: str, begin: str = "://", end: str = "@") -> str:
    # Up to the last @, since a password may hold any character, @ and / too. Rather a host too many
    # is lost from a log than a piece of a password let in.
    start, slashes, rest = word.partition(begin)
    _userinfo, at, host = rest.rpartition(end)
    return f"{start}{slashes}{MASK}{at}{host}" if at else word


def _masked_word(word: str) -> str:
    return masked_address(word) if re.search(r"[/?&]", word) else word
