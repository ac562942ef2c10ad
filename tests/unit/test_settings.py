from pathlib import Path

import pytest

from vigil.errors import SetupInvalid
from vigil.settings import CoreSettings, load

SECRET = "a secret of thirty-two characters"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in CoreSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, empty_environment: None) -> pytest.MonkeyPatch:
    monkeypatch.setenv("REDIS_URL", "redis://:redis-secret@media:6379/0")
    monkeypatch.setenv("SECRET_KEY", SECRET)
    return monkeypatch


def test_reads_the_environment(complete: pytest.MonkeyPatch) -> None:
    complete.setenv("LOG_LEVEL", "DEBUG")

    settings = load(CoreSettings)

    assert str(settings.redis_url) == "redis://:redis-secret@media:6379/0"
    assert settings.secret_key.get_secret_value() == SECRET
    assert settings.log_level == "DEBUG"


def test_reads_a_file_and_the_environment_wins(
    complete: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\nVIGIL_HOME=/data\nSOMETHING_ELSE=1\n")
    complete.setenv("LOG_LEVEL", "DEBUG")

    settings = load(CoreSettings)

    assert (settings.log_level, settings.vigil_home) == ("DEBUG", Path("/data"))


def test_a_setting_that_is_set_to_nothing_is_not_set(complete: pytest.MonkeyPatch) -> None:
    complete.setenv("QUEUE_REDIS_URL", "")
    complete.setenv("LOG_LEVEL", "")

    settings = load(CoreSettings)

    assert settings.queue_redis_url is None
    assert settings.log_level == "INFO"


def test_one_redis_serves_both_roles_unless_the_queue_has_its_own(
    complete: pytest.MonkeyPatch,
) -> None:
    assert load(CoreSettings).queue_url() == "redis://:redis-secret@media:6379/0"

    complete.setenv("QUEUE_REDIS_URL", "redis://queue:6379/0")
    assert load(CoreSettings).queue_url() == "redis://queue:6379/0"


def test_names_every_setting_that_is_missing() -> None:
    with pytest.raises(SetupInvalid) as raised:
        load(CoreSettings)

    assert str(raised.value) == (
        "settings: REDIS_URL: Field required; SECRET_KEY: Field required. See .env.example."
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REDIS_URL", "http://:hidden-value@media/", "REDIS_URL: URL scheme should be 'redis'"),
        ("REDIS_URL", "hidden-value", "REDIS_URL: "),
        ("SECRET_KEY", "hidden-value", "SECRET_KEY: Value should have at least 32 items"),
        ("SECRET_KEY_PREVIOUS", "hidden-value", "SECRET_KEY_PREVIOUS: "),
        ("LOG_LEVEL", "hidden-value", "LOG_LEVEL: Input should be 'DEBUG', 'INFO'"),
    ],
)
def test_names_a_setting_that_is_out_of_bounds_and_never_its_value(
    complete: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    complete.setenv(name, value)

    with pytest.raises(SetupInvalid) as raised:
        load(CoreSettings)

    assert said in str(raised.value)
    assert "hidden-value" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_secret_is_shown_nowhere(complete: pytest.MonkeyPatch) -> None:
    assert SECRET not in repr(load(CoreSettings))
