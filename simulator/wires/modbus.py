"""A real Modbus server in a thread of its own, fed by a register image. The simulator's only pymodbus.

    with ModbusServer(lambda unit, function: image(state)) as server:
        ... f"solaredge://127.0.0.1:{server.port}"

With `rtu` it speaks RTU frames over TCP, as cheap adapters do; with `serial` (a path) RTU on that port.

It can misbehave, as inverters do: `hang` takes requests and says nothing, `refuse` closes its door,
`exception` answers every read with that Modbus exception.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Image = Mapping[int, list[int]]
PATIENCE_S = 5.0

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class ModbusServer:
    """Serves `read(unit, function)` anew at every request (function 3: holding, 4: input registers).

    Registers outside of the image answer exception 2. `port` 0 takes a free one and keeps it over a restart.
    """

    def __init__(
        self,
        read: Callable[[int, int], Image],
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        units: tuple[int, ...] = (1,),
        rtu: bool = False,
        serial: str = "",
    ) -> None:
        self._read = read
        self._serial = serial
        self._framer = FramerType.RTU if rtu or serial else FramerType.SOCKET
        self._units = units
        self.host = host
        self.port = port or (0 if serial else _free_port(host))
        self.hang = False
        self.exception = 0
        self.requests = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Any = None

    def __enter__(self) -> ModbusServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError when the port can't be had."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="modbus server", daemon=True)
        self._thread.start()
        if not ready.wait(PATIENCE_S) or self._server is None:
            where = self._serial or f"port {self.port} on {self.host}"
            raise OSError(f"{where} can't be had: is another program using it?")

    def stop(self) -> None:
        """Close the door and every connection; `start` opens it again."""
        if self._loop and self._thread and self._server:
            asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(PATIENCE_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_S)
        self._server = self._loop = self._thread = None

    refuse = stop

    def _run(self, ready: threading.Event) -> None:
        loop = self._loop = asyncio.new_event_loop()
        try:
            self._server = loop.run_until_complete(self._listen())
        except (OSError, RuntimeError):
            self._server = None
        ready.set()
        if self._server is not None:
            loop.run_forever()
        loop.run_until_complete(_cancel_all())
        loop.close()

    async def _listen(self) -> ModbusTcpServer | ModbusSerialServer:
        space = [SimData(0, values=[0] * 0x10000, datatype=DataType.REGISTERS)]
        devices = [SimDevice(unit, simdata=space, action=partial(self._answer, unit)) for unit in self._units]
        server: ModbusTcpServer | ModbusSerialServer
        if self._serial:
            server = ModbusSerialServer(
                devices, framer=self._framer, port=self._serial, ignore_missing_devices=True
            )
        else:
            server = ModbusTcpServer(
                devices, framer=self._framer, address=(self.host, self.port), ignore_missing_devices=True
            )
        await server.serve_forever(background=True)
        return server

    async def _answer(
        self,
        unit: int,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        _written: Any,
    ) -> ExcCodes | None:
        self.requests += 1
        if self.hang:
            await asyncio.sleep(3600)
        if self.exception:
            return ExcCodes(self.exception)
        for at, words in self._read(unit, function).items():
            if at <= address and address + count <= at + len(words):
                registers[address - start : address - start + count] = words[
                    address - at : address - at + count
                ]
                return None
        return ExcCodes.ILLEGAL_ADDRESS


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
