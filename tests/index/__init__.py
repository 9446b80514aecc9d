"""Tests of pincite.index."""
