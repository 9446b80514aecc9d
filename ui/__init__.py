"""A person's doors to pincite: the command line and the chat page."""
