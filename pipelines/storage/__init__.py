"""Panels in folders and Parquet files, larger than memory."""
