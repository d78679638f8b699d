"""What a network's layers see in photos: `enxerto features`."""
