"""What every test may ask for."""

from hypothesis import settings

pytest_plugins = ["tests.needs", "tests.servers", "tests.cameras.clips"]

# How long an example takes is the machine's business: no test asserts speed.
settings.register_profile("vigil", parent=settings.default, deadline=None)
settings.load_profile("vigil")
