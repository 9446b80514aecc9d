"""Tests of questions, reading, generating and citing."""
