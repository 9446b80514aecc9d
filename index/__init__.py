"""From files to a searchable corpus: reading, splitting, encoding, storing, retrieving."""
