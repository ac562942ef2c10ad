import pytest

from bench.result import Bar, Measured, Part, RowResult


@pytest.mark.parametrize(
    ("ours", "limit", "holds"),
    [
        pytest.param([2.0, 2.1, 9.9], 2.2, True, id="the median counts, not the worst"),
        pytest.param([2.2], 2.2, True, id="as much as the bar"),
        pytest.param([2.0, 2.3, 2.4], 2.2, False, id="more"),
    ],
)
def test_a_bar_is_held_by_the_median(ours: list[float], limit: float, *, holds: bool) -> None:
    assert Part("", "%", Bar(limit), ours).holds is holds


def test_a_bar_may_be_the_least() -> None:
    bar = Bar(at_least=3.6, of=Measured.RATIO)

    assert str(bar) == "ratio at least 3.6"
    assert Part("", "frames a second", bar, [36.0, 37.0], [10.0, 10.0]).holds
    assert Part("", "frames a second", bar, [35.0, 30.0], [10.0, 10.0]).holds is False


@pytest.mark.parametrize(
    ("ours", "holds"), [([0.8], False), ([1.0, 0.9], True), ([0.9], True), ([1.3], False)]
)
def test_a_bar_may_be_a_least_and_a_most(ours: list[float], *, holds: bool) -> None:
    part = Part("", "share", Bar(at_least=0.9, at_most=1.2), ours)

    assert part.holds is holds
    assert str(part.bar) == "at least 0.9 and at most 1.2"


def test_a_bar_for_a_ratio_says_so() -> None:
    assert str(Bar(at_least=1.0, of=Measured.RATIO)) == "ratio at least 1"


def test_a_ratio_is_taken_within_each_round() -> None:
    # Given rounds on a machine that grew slower, where ours always took half
    part = Part("", "%", Bar(0.5, of=Measured.RATIO), ours=[1, 10, 50], baseline=[2, 20, 100])

    # Then the ratio is a half
    assert part.ratio == 0.5
    assert part.holds


def test_a_row_of_one_figure_is_a_line_of_plain_values() -> None:
    part = Part("", "% of a core", Bar(1.0, of=Measured.RATIO), [9.004, 9.5, 8], [10, 10, 10])

    assert RowResult("ingest-one", [part]).as_json() == {
        "row": "ingest-one",
        "ours": 9.0,
        "baseline": 10,
        "ratio": 0.9,
        "unit": "% of a core",
        "spread": [8, 9.5],
        "bar": "ratio at most 1",
        "holds": True,
    }


def test_a_row_of_several_figures_holds_when_each_with_a_bar_does() -> None:
    light, heavy = Part("cpu", "%", Bar(3), [2]), Part("memory", "MB", Bar(10), [11])
    told = Part("whole", "%", None, [99])

    line = RowResult("ingest-eight", [light, heavy, told]).as_json()

    assert line["ours"] == {"cpu": 2, "memory": 11, "whole": 99}
    assert line["bar"] == {"cpu": "at most 3", "memory": "at most 10", "whole": None}
    assert line["baseline"] is None
    assert line["holds"] is False
    assert RowResult("ingest-eight", [light, told]).as_json()["holds"] is True


def test_a_row_that_could_not_be_measured_says_why() -> None:
    line = RowResult("ingest-one", [], missing="needs ffmpeg").as_json()

    assert line["holds"] is None
    assert line["bar"] == "not measured: needs ffmpeg"
    assert list(line) == ["row", "ours", "baseline", "ratio", "unit", "spread", "bar", "holds"]


def test_a_bar_that_comes_from_elsewhere_says_so() -> None:
    assert str(Bar(38.2, says="one inference + 20")) == "one inference + 20"


def test_a_bar_that_a_slow_machine_misses_says_so_and_judges_nobody() -> None:
    # Given a bar that was set for a faster machine
    bar = Bar(11.0, void_if_missed="this machine is slow")

    # When one row meets it all the same, and one does not
    met, missed = (RowResult("row", [Part("", "%", bar, [ours])]).as_json() for ours in (10, 12))

    # Then it holds, or says nothing
    assert (met["holds"], met["bar"]) == (True, "at most 11")
    assert (missed["holds"], missed["bar"]) == (None, "at most 11; not set: this machine is slow")
