"""Statistics as functions of summed columns: no log, no clock, no file."""
