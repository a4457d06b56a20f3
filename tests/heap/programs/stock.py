"""A module beside the program, which keeps something of it."""

SHELF = []
