"""Classifiers as files for other libraries, each with the proof that it gives the same answers there."""
