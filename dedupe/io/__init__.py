"""Bytes to batches of records and back: one file per format."""
