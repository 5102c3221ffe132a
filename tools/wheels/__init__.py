"""Wheels and the source distribution: built, looked at, tried where nothing else is installed."""
