"""Arrays to pictures: everything that is drawn as pixels."""
