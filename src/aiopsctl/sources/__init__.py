"""Log formats in, one file each; a file that declares a `Source` is a format, found by looking."""
