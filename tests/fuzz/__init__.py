"""Fuzzing: every way in takes any bytes, and only our own errors come out.

``python -m fuzz SECONDS`` from ``tests/`` runs every target, each in a process of its own.
"""
