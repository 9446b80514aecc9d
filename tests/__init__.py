"""The tests, in rooms like the code, and what they share."""
