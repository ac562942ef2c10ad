"""Secrets in addresses, masked: the one home of what a secret looks like.

What is kept is sealed, whatever it looks like (`vigil.sealing`). This is for what is shown, in
answers of the API and in log lines.

Written                                        Shown
http://cam/live?usr=a&pwd=b&ch=1               http://cam/live?usr=***&pwd=***&ch=1
rtsp://cam/user=a_password=b_channel=1         rtsp://cam/user=***_password=***_channel=1
rtsp://cam/0/anna:12345/main                   rtsp://cam/0/anna:***/main
rtsp://anna:12345@cam/1 (in a log line)        rtsp://***@cam/1

A secret without a name beside it (``http://cam/video/anna/12345``) looks like any other path.
"""

import re
from typing import Final

MASK: Final = "***"

#: What stands before a secret, or before the name of its owner, at one maker or another.
_NAME: Final = (
    r"(?:[a-z0-9-]{0,40}(?:pass|pwd|psw|secret|token|auth|key|cred|login|session|signature)"
    r"[a-z0-9-]{0,40}|user(?:name)?|usr(?:name)?|account|sig|sid|pin|pas|pw|u|p)="
)
#: What may follow a secret inside a path.
_NEXT_NAME: Final = r"(?:channel|chn|ch|stream|subtype|onvif)="
_NAMED: Final = re.compile(f"({_NAME}).*", re.IGNORECASE | re.DOTALL)
#: Only these part one value from the next: a password may hold most other characters, and rather
#: too much is masked than too little.
_BETWEEN: Final = re.compile(rf"(&|[/?_;,](?={_NAME}|{_NEXT_NAME}))", re.IGNORECASE)
_WORD: Final = re.compile(r"\S+")
_UNQUOTED: Final = re.compile(r"[^\s\"']+")


def masked_address(address: str) -> str:
    """Return a path, or a URL without user and password before its host, as it may be shown."""
    pieces = (_NAMED.sub(rf"\g<1>{MASK}", each, count=1) for each in _BETWEEN.split(address))
    start, slashes, rest = "".join(pieces).partition("://")
    if not slashes:
        return start
    path, query_mark, query = rest.partition("?")
    host, *names = path.split("/")
    # A name of a path with a colon can be a user and a password.
    masked = [re.sub(":.+", f":{MASK}", name) for name in names]
    return f"{start}://{'/'.join([host, *masked])}{query_mark}{query}"


def redact(text: str) -> str:
    """Return text in which every address is masked, and has no user and password any more."""
    without_userinfo = _WORD.sub(lambda word: _without_userinfo(word[0]), text)
    return _UNQUOTED.sub(lambda word: _masked_word(word[0]), without_userinfo)


def _without_userinfo(word: str) -> str:
    # Up to the last @, since a password may hold any character, @ and / too. Rather a host too many
    # is lost from a log than a piece of a password let in.
    start, slashes, rest = word.partition("://")
    _userinfo, at, host = rest.rpartition("@")
    return f"{start}{slashes}{MASK}{at}{host}" if at else word


def _masked_word(word: str) -> str:
    return masked_address(word) if re.search(r"[/?&]", word) else word
