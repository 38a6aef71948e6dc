"""Modbus TCP and RTU: the only file of the agent that knows pymodbus.

Many inverters serve one client only, so there is one connection to an endpoint, held open by one thread
and shared by all settings lines that name it. An idle connection may have been closed by the device, so
a first failure on an old connection is tried once more on a new one; after that the failure is told, and
the next poll is the retry. Nothing here waits longer than the line's timeout for one answer.

Exceptions that a device answers: 1, 2, 3 say that it has no such registers (the model lacks them, or the
line names the wrong unit); 6 is busy; 10 and 11 come from a gateway that can't reach the unit behind it.

Lines may be `scheme://host:port` (TCP; `?framing=rtu` for RTU over TCP where the driver has that option)
or `scheme:///dev/ttyUSB1` (RTU; options baud and parity where the driver has them). For devices that need
time a driver has the options settle_s (after connecting) and pause_s (between two requests).
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, gather, problem
from agent.meters.via.registers import Block, Registers
from scheduler.clock import Clock, Moment

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what matters is told once, in our words

RESCAN_POLLS = 720  # an hour of polls: a meter or a battery may have been added
MISSING = {1, 2, 3}
GATEWAY = {10, 11}


def open_line(source: Source, clock: Clock) -> ModbusLine:
    """The line to a source's endpoint; connects at the first poll."""
    return ModbusLine(source, clock, _client(source))


class _NotYet(Exception):
    """The connection has just opened, and the device wants a moment before it is asked."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class ModbusLine:
    """One connection, all sources of its endpoint. `client` is pymodbus's, or another with its manners."""

    def __init__(self, source: Source, clock: Clock, client: Any) -> None:
        self._endpoint = source.endpoint
        self._client = client
        self._clock = clock
        self._settle_s = float(getattr(source.options, "settle_s", 0.0))
        self._pause_s = float(getattr(source.options, "pause_s", 0.0))
        self._ready_s = self._free_s = clock.now().mono_s
        self._fresh = True
        self._kept: dict[Source, tuple[int, Registers]] = {}

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """Read what the source's driver wants; the answers are Registers."""
        polls, kept = self._kept.pop(source, (0, Registers()))
        answers = Registers() if polls >= RESCAN_POLLS else kept.kept()
        unit = int(getattr(source.options, "unit", 1))
        try:
            gather(
                lambda: source.driver.ask(source.options, answers),
                lambda block: self._read(block, unit, answers),
                answers.asked,
            )
        except (Poor, Down) as error:
            return problem(error)
        except _NotYet as early:
            return Problem("waiting", f"{self._endpoint} was just connected to", early.wait_s)
        self._kept[source] = ((polls + 1) % (RESCAN_POLLS + 1), answers)
        return Answered(answers, moment.mono_s)

    def close(self) -> None:
        """Hang up, so that another program may have the device."""
        self._client.close()
        self._kept.clear()
        self._fresh = True

    def _read(self, block: Block, unit: int, answers: Registers) -> None:
        unit = unit if block.unit is None else block.unit
        was_fresh = self._fresh or not self._client.connected
        answer = self._request(block, unit)
        if answer is None and not was_fresh:
            answer = self._request(block, unit)
        if answer is None:
            raise Down(
                f"{self._endpoint} was reached and does not answer as unit {unit}: is the unit right, "
                "and does another program hold it?"
            )
        if not answer.isError() and len(answer.registers) == block.count:
            answers.add(block, answer.registers)
            return
        code = getattr(answer, "exception_code", 0)
        if block.optional and code in MISSING:
            answers.lacks(block)
            return
        if block.optional and code in GATEWAY and block.unit is not None:
            return  # another unit behind this one, away for now: asked again at the next poll
        raise _refusal(self._endpoint, block, unit, code)

    def _request(self, block: Block, unit: int) -> Any:
        """The device's answer, or None when the line is dead; a line that can't be opened is Down."""
        client = self._client
        if not client.connected:
            if not client.connect():
                self.close()
                raise Down(f"{self._endpoint} can't be reached: is it on, and is the address right?")
            self._ready_s = self._clock.now().mono_s + self._settle_s
        now_s = self._clock.now().mono_s
        if now_s < self._ready_s:
            raise _NotYet(self._ready_s - now_s)
        if now_s < self._free_s:
            threading.Event().wait(self._free_s - now_s)
        read = client.read_input_registers if block.table == "input" else client.read_holding_registers
        try:
            answer = read(block.at, count=block.count, device_id=unit)
        except (ModbusException, OSError):
            self.close()
            return None
        self._free_s = self._clock.now().mono_s + self._pause_s
        self._fresh = False
        return answer


def _refusal(endpoint: str, block: Block, unit: int, code: int) -> Poor | Down:
    where = f"registers {block.at} to {block.at + block.count - 1} of unit {unit}"
    if code in MISSING:
        return Poor(
            f"{endpoint} has no {where} (Modbus exception {code}): is this the right device and unit?"
        )
    if code == 6:
        return Down(f"{endpoint} is busy with another program (Modbus exception 6).")
    if code in GATEWAY:
        return Down(f"{endpoint} can't reach unit {unit} behind it (Modbus exception {code}).")
    if code:
        return Down(f"{endpoint} fails to read {where} (Modbus exception {code}).")
    return Poor(f"{endpoint} answered with the wrong length for {where}.")


def _client(source: Source) -> Any:
    framing = getattr(source.options, "framing", "tcp")
    if source.host:
        framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
        return ModbusTcpClient(
            source.host, port=source.port or 502, framer=framer, timeout=source.timeout_s, retries=0
        )
    return ModbusSerialClient(
        source.path,
        baudrate=int(getattr(source.options, "baud", 9600)),
        parity=str(getattr(source.options, "parity", "N")),
        timeout=source.timeout_s,
        retries=0,
    )
