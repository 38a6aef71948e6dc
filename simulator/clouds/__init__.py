"""The clouds of a house that isn't there, on real HTTP ports of this computer."""
