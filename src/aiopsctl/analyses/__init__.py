"""Analyses, one file each, built on the engine; an analysis adds its own key to the result."""
