"""A user's own network in a file, as a backbone: `file:PATH`, or `file:PATH::PREPROCESSING`."""
