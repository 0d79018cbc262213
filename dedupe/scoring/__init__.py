"""Candidate pairs to scores: pre-filter, features, model."""
