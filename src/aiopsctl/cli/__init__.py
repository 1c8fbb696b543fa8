"""Commands: parse, call one function, print, exit. Nothing heavy is imported before a command runs."""
