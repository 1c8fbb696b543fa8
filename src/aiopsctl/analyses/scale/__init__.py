"""What breaks on the way from 100 to 100,000 users: one analysis a file, found by looking.

The name of the file is the name of the command (`rate_limits.py` is `scale rate-limits`), and the first line of its
docstring is what the help says of it. `ANALYSIS` declares the rest.
"""
