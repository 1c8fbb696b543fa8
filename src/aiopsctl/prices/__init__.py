"""Prices: what a call cost, by the rate of its day, its size and its tier."""
