"""Operate AI features from their logs: quality, cost, latency, satisfaction, drift."""
