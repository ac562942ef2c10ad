"""What the name of a model says of it, before anybody has its file."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

#: A file of PyTorch's: a pickle, so that to read it is to run what its maker wrote.
CHECKPOINT_SUFFIX = ".pt"


def names_checkpoint(model: str) -> bool:
    """Return whether a path or an address names a checkpoint of PyTorch.

    Only what is named so is ever converted: web lets admins alone name it, so that a file of
    another name that turns out to be a checkpoint runs nothing.
    """
    try:
        path = urlsplit(model).path if "://" in model else model
    except ValueError:
        return False
    return PurePosixPath(unquote(path)).suffix.lower() == CHECKPOINT_SUFFIX
