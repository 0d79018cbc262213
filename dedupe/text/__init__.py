"""Texts to normalised tokens: clean-up, affixes, vocabulary and fingerprints."""
