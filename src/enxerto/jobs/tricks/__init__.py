"""The effect of each training trick on a user's photos: `enxerto tricks`."""
