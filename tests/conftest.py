"""What every test shares: Hypothesis draws the same examples in every run, and no test is timed.

`pytest --hypothesis-profile=explore` draws new ones instead.
"""

from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("deterministic")
