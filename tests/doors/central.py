"""A central system of OCPP 1.6 on a real WebSocket: it writes down what it hears, and asks."""

import asyncio
import base64
import threading

import websockets.asyncio.server as ws
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.exceptions import ConnectionClosed

from scheduler.clock import now_utc
from tests.wires.patience import until


class Desk(ChargePoint):
    """The central system's end of one connection."""

    def __init__(self, name, line, said, boots):
        super().__init__(name, line)
        self.said = said
        self.boots = boots
        self.transactions = 40

    def _note(self, action, **values):
        self.said.append((self.id, action, values))

    def heard(self, action):
        return [values for name, what, values in list(self.said) if (name, what) == (self.id, action)]

    @on("BootNotification")
    def _boot(self, **values):
        self._note("boot", **values)
        status = self.boots.pop(0) if self.boots else "Accepted"
        return call_result.BootNotification(_now(), 1, status)

    @on("Heartbeat")
    def _beat(self):
        self._note("beat")
        return call_result.Heartbeat(_now())

    @on("StatusNotification")
    def _status(self, **values):
        self._note("status", **values)
        return call_result.StatusNotification()

    @on("StartTransaction")
    def _start(self, **values):
        self._note("start", **values)
        self.transactions += 1
        return call_result.StartTransaction(self.transactions, {"status": "Accepted"})

    @on("StopTransaction")
    def _stop(self, **values):
        self._note("stop", **values)
        return call_result.StopTransaction()

    @on("MeterValues")
    def _values(self, **values):
        self._note("values", **values)
        return call_result.MeterValues()


class Central:
    """The server in a thread of its own; a `with` block is its life."""

    def __init__(self, port, tls=None, boots=()):
        self.port, self.tls = port, tls
        self.boots = list(boots)
        self.said = []
        self.desks = {}
        self.logins = {}

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(self._open())
        return self

    def __exit__(self, *_):
        async def close():
            self._server.close()
            await self._server.wait_closed()

        self._do(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _open(self):
        return await ws.serve(self._serve, "127.0.0.1", self.port, subprotocols=["ocpp1.6"], ssl=self.tls)

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, line):
        name = line.request.path.rpartition("/")[2]
        login = line.request.headers.get("Authorization", "").removeprefix("Basic ")
        self.logins[name] = base64.b64decode(login).decode()
        self.desks[name] = desk = Desk(name, line, self.said, self.boots)
        try:
            await desk.start()
        except ConnectionClosed:
            self.desks.pop(name, None)

    def ask(self, name, payload):
        """Send a request to a charge point; its answer."""
        return self._do(self.desks[name].call(payload))

    def says(self, name, text):
        """Send any text at all."""
        self._do(self.desks[name]._connection.send(text))

    def hang_up(self, name):
        """Close one connection from this side."""
        self._do(self.desks[name]._connection.close())

    def heard(self, name, action):
        """All messages of one kind, oldest first."""
        return [values for who, what, values in list(self.said) if (who, what) == (name, action)]

    def wait(self, name, action, fits=lambda values: True):
        """The newest message of a kind that fits; None if none comes."""
        return until(lambda: next((one for one in reversed(self.heard(name, action)) if fits(one)), None))

    def states(self, name):
        """The connector's statuses, in order."""
        return [one["status"] for one in self.heard(name, "status") if one["connector_id"] == 1]

    def profile(self, name, amps, **more):
        """Order so many amps, as evcc does."""
        return self.ask(name, call.SetChargingProfile(1, profile(amps, **more))).status


def profile(*periods, id=1, stack=8, purpose="TxDefaultProfile", kind="Relative", unit="A", **schedule):
    """A charging profile: amps from the start, or (seconds, amps)."""
    rows = [one if isinstance(one, tuple) else (0, one) for one in periods]
    more = {
        key: schedule.pop(key) for key in ("recurrency_kind", "valid_from", "valid_to") if key in schedule
    }
    return {
        "charging_profile_id": id,
        "stack_level": stack,
        "charging_profile_purpose": purpose,
        "charging_profile_kind": kind,
        **more,
        "charging_schedule": {
            "charging_rate_unit": unit,
            "charging_schedule_period": [{"start_period": at, "limit": amps} for at, amps in rows],
            **schedule,
        },
    }


def _now():
    return now_utc().isoformat()
