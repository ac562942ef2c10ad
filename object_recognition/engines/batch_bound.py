"""How many pictures a device takes in one go, as it turns out."""

#: Full batches that go well until a larger one is tried.
PATIENCE = 100
#: Where larger ones fail each time, they are tried this seldom in the end.
PATIENCE_MAX = 100 * 2**7


class BatchBound:
    """Half of a batch that failed, and twice as much again once that has gone well for long.

    What failed may have been short of memory that others of the device have given back since. Where
    it fails again and again, it is tried ever more seldom: each try costs a look its time.

    Args:
        most: Pictures in the largest batch that was asked for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._patience = PATIENCE
        self._good = 0
        self.now = most

    def note_failed(self, count: int) -> None:
        """Say that a batch of so many pictures, two or more, did not run."""
        self.now = count // 2
        self._good, self._patience = 0, min(2 * self._patience, PATIENCE_MAX)

    def note_good(self, count: int) -> bool:
        """Say that a batch of so many pictures ran; return whether larger ones are tried now."""
        if count < self.now or self._patience == PATIENCE:
            return False
        self._good += 1
        if self._good < self._patience:
            return False
        self._good = 0
        if self.now == self._most:
            # It was passing.
            self._patience = PATIENCE
            return False
        self.now = min(2 * self.now, self._most)
        return True
