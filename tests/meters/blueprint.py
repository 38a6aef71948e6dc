"""The blueprint as a driver of its own: what stands in for any HTTP device."""

from agent.meters import _blueprint, described

BLUEPRINT = described("blueprint", _blueprint)
