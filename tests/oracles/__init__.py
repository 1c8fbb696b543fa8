"""SQL for every metric, one file a dimension."""
