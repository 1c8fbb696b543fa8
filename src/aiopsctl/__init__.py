"""Operate AI features from their logs: quality, cost, latency, satisfaction, drift."""

__version__ = "0.1.0"
