"""`sunward migrate`: what TWCManager left behind, as our settings, with a line for every line of it."""
