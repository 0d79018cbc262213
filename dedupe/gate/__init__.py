"""The check of a run: which duplicates are new, and whether they exceed the limits."""
