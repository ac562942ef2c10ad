"""Become another program that gets a signal when our parent dies. Run as a script, by path.

It runs between fork and exec, in an interpreter of its own (``python -I -S tether.py``, 15 ms):
Python code between fork and exec of a process with threads may deadlock. Standard library only,
since it must run without a virtual environment.

The kernel sends the signal when the parent *thread* ends: start tethered programs from a thread
that lives as long as they should.
"""

import argparse
import ctypes
import os
import pwd
import sys
from pathlib import Path

# From <linux/prctl.h>, <linux/capability.h> and <linux/sched.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main() -> None:
    """Change who we are as asked, tie our life to our parent's, and become the program."""
    arguments = _parse(sys.argv[1:])
    if arguments.identity == "namespace":
        _enter_namespace(arguments.user)
    elif arguments.identity == "user":
        _become(arguments.user)
    # After the change of user, which clears it.
    _call("prctl", _PR_SET_PDEATHSIG, arguments.signal, 0, 0, 0)
    # A parent that died before the line above sends nothing any more.
    if os.getppid() != arguments.parent:
        sys.exit("tether: the parent is gone")
    os.execv(arguments.program[0], arguments.program)  # noqa: S606  It is what we are for.


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--identity", choices=("own", "namespace", "user"), default="own")
    parser.add_argument("--user", default="nobody")
    parser.add_argument("program", nargs="+")
    return parser.parse_args(argv)


def _enter_namespace(user: str) -> None:
    """Be user in a user namespace of our own, and still who we are to everybody outside."""
    account = pwd.getpwnam(user)
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{account.pw_uid} {outer_uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{account.pw_gid} {outer_gid} 1", encoding="ascii")


def _become(user: str) -> None:
    """Be user, but keep root's way through folders that are closed to it, such as ``/root``."""
    account = pwd.getpwnam(user)
    _call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    only = 1 << _CAP_DAC_OVERRIDE
    header = _CapabilityHeader(version=_CAPABILITY_VERSION_3, pid=0)
    data = (_CapabilityData * 2)(_CapabilityData(only, only, only), _CapabilityData(0, 0, 0))
    _call("capset", ctypes.byref(header), data)
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
