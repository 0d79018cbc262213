"""Evaluate, explain, label and tune the decision."""
