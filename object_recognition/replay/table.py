"""What replayed footage came to, as text for people."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from object_recognition.following import CONFIRM_HITS, CONFIRM_LOOKS
from object_recognition.replay.clip import clip_time
from object_recognition.replay.report import Account, Comparison, Dropped, Report, SeenObject
from vigil.clock import MICROSECONDS
from vigil.domain.explanation import DropReason

#: So many kinds of drops are told of, the nearest to being shown first.
_MOST_DROPS = 12

_HEAD = ("object", "label", "from", "to", "looks", "confidence", "zones")
_IS_NUMBER = (False, False, True, True, True, True, False)


def text_of(report: Report) -> str:
    """Return a report as lines."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    whole = "" if report.is_whole else ", cut short"
    yield (
        f"{report.clip}: {_at(report.replayed_s)}, {report.width_px}x{report.height_px}, "
        f"{report.looks} of {report.frames} frames looked at by {report.recogniser}{whole}"
    )
    if report.begins_at is not None:
        yield f"begins at {datetime.fromisoformat(report.begins_at):%Y-%m-%d %H:%M:%S %Z}"
    of = "a new camera" if report.camera is None else f"camera {report.camera} ({report.name})"
    yield f"settings of {of}: {_pairs(report.account.settings)}"
    yield from (f"note: {note}" for note in report.notes)
    yield ""
    yield from _account_lines(report.account)
    if report.comparison is not None:
        yield from _comparison_lines(report.account, report.comparison)


def _account_lines(account: Account) -> Iterator[str]:
    yield from _table(account.objects)
    yield ""
    yield _counted(account)
    lines = [*_glimpse_lines(account), *_drop_lines(account.dropped)]
    if lines:
        yield ""
        yield from lines
        yield (
            f"what is shown becomes an object when it is in {CONFIRM_HITS} of {CONFIRM_LOOKS} looks"
        )


def _comparison_lines(before: Account, comparison: Comparison) -> Iterator[str]:
    after = comparison.account
    other = {
        name: value for name, value in after.settings.items() if value != before.settings[name]
    }
    yield ""
    yield f"with {_pairs(other) or 'the same settings'}: {_counted(after)}"
    for words, account, numbers in (
        ("only without", before, comparison.only_before),
        ("only with", after, comparison.only_after),
    ):
        objects = [each for each in account.objects if each.track in numbers]
        yield f"{words} them: {len(objects) or 'nothing'}"
        if objects:
            yield from _table(objects)


def _table(objects: Sequence[SeenObject]) -> Iterator[str]:
    if not objects:
        return
    rows = [_HEAD, *map(_row, objects)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = (
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, _IS_NUMBER, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _row(each: SeenObject) -> tuple[str, ...]:
    return (
        f"#{each.track}",
        each.label,
        _when(each.from_s, each.from_at),
        _when(each.to_s, each.to_at),
        str(each.looks),
        f"{each.confidence:.2f}",
        ", ".join(each.zones),
    )


def _counted(account: Account) -> str:
    if not account.counts:
        return "no object was seen"
    total = len(account.objects)
    by_label = ", ".join(f"{count} {label}" for label, count in account.counts.items())
    return f"{total} object{'s' if total > 1 else ''}: {by_label}"


def _glimpse_lines(account: Account) -> Iterator[str]:
    """Yield what was shown and never became an object. Each object was unnumbered at first."""
    glimpses = [
        f"{count} {label}"
        for label, count in account.unnumbered.items()
        if label not in account.counts
    ]
    if glimpses:
        yield f"shown in too few looks to be an object: {', '.join(glimpses)}"


def _drop_lines(dropped: Sequence[Dropped]) -> Iterator[str]:
    if not dropped:
        return
    yield "not shown:"
    yield from (f"  {_drop_words(each)}" for each in dropped[:_MOST_DROPS])
    if len(dropped) > _MOST_DROPS:
        yield f"  and {len(dropped) - _MOST_DROPS} more kinds, all in --json"


def _drop_words(each: Dropped) -> str:
    nearest = each.nearest
    words = (
        f"{each.reason}: {each.detections} detection{'s' if each.detections > 1 else ''} "
        f"of {each.label}{_beside_words(each)}, {_nearest_words(each)}, at {_at(nearest.at_s)}"
    )
    if nearest.also:
        words += f" (also {', '.join(nearest.also)})"
    if nearest.try_set:
        words += f"; {' '.join(f'--set {setting}' for setting in nearest.try_set)} shows it"
    return words


def _beside_words(each: Dropped) -> str:
    """Return how many of the detections are mostly an object that comes or goes."""
    beside = each.detections - each.missed
    if not beside:
        return ""
    return f", {beside if each.missed else 'all'} within a second of an object"


def _nearest_words(each: Dropped) -> str:
    value, limit = each.nearest.value, each.nearest.limit
    if each.reason == DropReason.CONFIDENCE:
        return f"best {float(value):.3f} where {limit} is asked"
    if each.reason == DropReason.ZONE:
        return f"at most {value} of its box in a zone where {limit} is asked"
    return f"{value} where {limit or 'nothing'} counts, the surest {each.nearest.confidence:.2f}"


def _when(at_s: float, at: str | None) -> str:
    if at is None:
        return _at(at_s)
    return f"{_at(at_s)} {datetime.fromisoformat(at):%H:%M:%S}"


def _at(at_s: float) -> str:
    return clip_time(round(at_s * MICROSECONDS))


def _pairs(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
