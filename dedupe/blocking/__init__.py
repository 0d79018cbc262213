"""Blocking: the keys whose equality makes a candidate pair."""
