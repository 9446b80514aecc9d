"""Tests of the command line and the chat page."""
