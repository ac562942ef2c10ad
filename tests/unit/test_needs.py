from pathlib import Path

import pytest

from tests import needs
from tests.needs import DATA_DIR, NEEDS, REQUIRE

pytest_plugins = ["pytester"]

MARKED = """
    import pytest

    @pytest.mark.needs("data")
    def test_reads_the_clips():
        raise AssertionError("ran")

    def test_needs_nothing():
        pass
"""


@pytest.fixture
def without_data(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv(DATA_DIR, raising=False)
    monkeypatch.delenv(REQUIRE, raising=False)
    # What this run of pytest has found out is not what the inner run shall find.
    monkeypatch.setattr(needs, "_is_met", lambda name: NEEDS[name].is_met())
    pytester.makeini("[pytest]\nmarkers =\n    needs(*names): what a test takes\n")
    return pytester


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "tests.needs", "-p", "no:cacheprovider")


def test_skips_what_lacks_its_need_and_says_what_would_give_it(
    without_data: pytest.Pytester,
) -> None:
    without_data.makepyfile(MARKED)

    result = run(without_data)

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        ["*skipped, and what each would need*", f"data     1  {NEEDS['data'].remedy}"]
    )


def test_fails_instead_of_skipping_where_the_need_is_required(
    without_data: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE, "ffmpeg, data")
    without_data.makepyfile(MARKED)

    result = run(without_data)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{REQUIRE} names it*"])


def test_runs_what_has_its_need(
    without_data: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(DATA_DIR, str(tmp_path))
    without_data.makepyfile(MARKED)

    result = run(without_data)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: ran*"])


def test_a_need_that_nobody_knows_is_a_mistake(
    without_data: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_data.makepyfile(MARKED.replace('"data"', '"dta"'))
    run(without_data).assert_outcomes(passed=1, errors=1)

    monkeypatch.setenv(REQUIRE, "dta")
    assert run(without_data).ret == pytest.ExitCode.USAGE_ERROR


def test_says_the_reason_of_every_other_skip(without_data: pytest.Pytester) -> None:
    without_data.makepyfile("import pytest\ndef test_it():\n    pytest.skip('too cold today')\n")

    result = run(without_data)

    result.stdout.fnmatch_lines(["*what each would need*", "-     1  too cold today"])
