"""The lesson's lab on Oxford Pets: `enxerto lab`."""
