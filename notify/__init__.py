"""WHO hears about it: events, letters, the outbox and the post. Imports no other room of the house."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
