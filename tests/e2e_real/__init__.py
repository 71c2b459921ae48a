"""Proves the chart where containers really run.

A real ollama brings a tiny model from a registry in the cluster, serves it, and answers through the chart's Service.

`make e2e-real`; `python -m tests.e2e_real --help` says what it needs. The nodes that tests/e2e is content with may be
faked; these may not.
"""
