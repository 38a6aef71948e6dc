"""Watts that live in a cloud, brought home: one file here is one vendor's service.

The agent never uses the internet, so the scheduler reads these services and pushes what they say to it
(`PUT /api/v1/meters/{role}`) with its true age. Such numbers are minutes old: they make the page and the
history whole, and an owner may stretch [meters] to follow the sun with them slowly, but they are no match
for a meter on the wall.

    solaredge.py  enphase.py  efergy.py  growatt.py    read(visit) -> readings
    envoy.py          keeps the token of an Enphase gateway *at home* fresh, for the agent's own driver
    policy.py         when a cloud may be called: pure
    errand.py         the job around each of them: budget, memory, telling the agent
    web.py            HTTP, and everything that goes wrong with it
    room.py           which of them this house has

A new cloud: a section in settings.py, a file with `read`, its name in room.py, a fake in its tests.
"""
