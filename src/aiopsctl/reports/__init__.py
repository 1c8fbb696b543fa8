"""Reports: the answers of other commands put together, without a computation of their own."""
