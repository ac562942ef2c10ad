"""What every test may ask for."""

pytest_plugins = ["tests.needs", "tests.servers", "tests.cameras.clips"]
