"""Footnote beside other libraries that index and find: the same articles, questions and model, each in its own process.

`python -m benchmarks.peers` measures, docs/measurements.md tells what came of it.
"""
