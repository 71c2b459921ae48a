"""Composes a Helm chart from reusable fragments, and proves what it renders."""

__version__ = "0.1.0"
