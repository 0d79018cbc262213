"""Tools to judge the decision and to fit it."""
