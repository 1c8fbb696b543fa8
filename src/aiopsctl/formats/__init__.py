"""Results out, one file each; a file that declares a `Format` is an output format, found by looking."""
