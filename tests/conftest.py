"""Settings of all tests."""

from hypothesis import settings

# The first example may compile a loop, which takes seconds.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
