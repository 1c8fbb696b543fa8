"""Checks: from limits to verdicts to an exit code."""
