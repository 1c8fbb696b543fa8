"""What has been read already: canonical Parquet by day, and how far each source was read."""
