"""What a network sees: its feature maps, why it answers a class, and the ideal image of a class."""
