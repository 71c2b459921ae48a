"""Installs every example of the chart on a real Kubernetes, upgrades it, rolls it back and removes it.

`make e2e`, or `python -m tests.e2e` with more to choose from. Any cluster that KUBECONFIG names will do, also one whose
nodes are faked by kwok: there everything is accepted, admitted, scheduled and removed, and nothing runs.
"""
