"""Wires the house together: the only file that knows every room."""
