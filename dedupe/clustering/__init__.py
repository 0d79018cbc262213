"""Scored pairs to clusters with one canonical record each."""
