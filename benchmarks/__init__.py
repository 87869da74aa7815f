"""Workloads that every contender runs from one source: first gradients are compared, then CPU times.

`python -m benchmarks` prints the table.  It needs no network; contenders that are not installed are
skipped with a line that says so.  `python -m benchmarks.environments` installs the peers, each in an
environment of its own; `python -m benchmarks.memory` watches whether memory grows.
"""
