"""The metrics, one file a dimension; a metric is one declaration, found by looking."""
