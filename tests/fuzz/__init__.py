"""Breaks samples of every log format, and configs, at random: each is read, rejected or refused, and nothing else happens."""
