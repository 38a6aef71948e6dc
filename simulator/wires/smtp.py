"""A small mail server on a real socket (RFC 5321): takes letters into a mailbox, or misbehaves on request.

For the demo and for tests of bad days; it never sends anything on. It offers STARTTLS when given a TLS
context, and believes any password. What it does wrong is a switch that may be turned while it runs.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from enum import StrEnum

from simulator.mailbox import Mailbox

LONGEST_LINE = 64 * 1024
LARGEST_MAIL = 2_000_000
QUIET_S = 60.0


class Trouble(StrEnum):
    """What the server does wrong."""

    NONE = "none"
    REFUSE = "refuse"  # 550 to every addressee
    TEMPORARY = "temporary"  # 451 to every letter
    BUSY = "busy"  # 421 instead of a greeting
    BAD_SIGN_IN = "bad_sign_in"  # 535 to every password
    SILENT = "silent"  # greets nobody, keeps the line open
    ENDLESS = "endless"  # greets on and on, a line each tenth of a second, and never comes to an end
    DROP_AFTER_DATA = "drop_after_data"  # takes the letter and hangs up instead of saying so
    SILENT_AT_QUIT = "silent_at_quit"  # takes the letter, then never says goodbye
    BAD_TLS = "bad_tls"  # agrees to STARTTLS and then talks nonsense


class SmtpServer:
    """The server, in a thread of its own between `start` and `stop`. Port 0: any free one, see `port`."""

    def __init__(
        self,
        mailbox: Mailbox,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.trouble = Trouble.NONE
        self.host, self.port = host, port
        self.connections = 0
        self._mailbox = mailbox
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        self._ready = threading.Event()
        self._error: OSError | None = None
        self._stop = asyncio.Event()

    def start(self) -> SmtpServer:
        """Listen. Raises OSError when the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error
        return self

    def stop(self) -> None:
        """Hang up on everybody and close the port."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5.0)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._loop.close()
            self._ready.set()

    async def _listen(self) -> None:
        try:
            server = await asyncio.start_server(self._meet, self.host, self.port, limit=LONGEST_LINE)
        except OSError as error:
            self._error = error
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Talk(self, self._mailbox, self._tls, reader, writer).run()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # the other side left or talked nonsense, or we close: nothing to keep
        finally:
            writer.close()


class _Talk:
    """One conversation."""

    def __init__(
        self,
        server: SmtpServer,
        mailbox: Mailbox,
        tls: ssl.SSLContext | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server, self._mailbox, self._tls = server, mailbox, tls
        self._reader, self._writer = reader, writer
        self._sender = ""
        self._to: list[str] = []
        self._safe = False

    async def run(self) -> None:
        trouble = self._server.trouble
        if trouble is Trouble.SILENT:
            await asyncio.sleep(QUIET_S)
            return
        while trouble is Trouble.ENDLESS:
            await self._say("220-one moment please")
            await asyncio.sleep(0.1)
        if trouble is Trouble.BUSY:
            await self._say("421 try again later")
            return
        await self._say("220 simulated mail server")
        going = True
        while going:
            line = await self._line()
            going = bool(line) and await self._answer(line.strip())

    async def _answer(self, line: str) -> bool:
        """Do as told; False ends the talk."""
        word, _, rest = line.partition(" ")
        match word.upper():
            case "EHLO" | "HELO":
                await self._greet()
            case "STARTTLS":
                return await self._start_tls()
            case "AUTH":
                await self._sign_in(rest)
            case "MAIL":
                self._sender, self._to = _address(rest), []
                await self._say("250 ok")
            case "RCPT":
                await self._take_addressee(rest)
            case "DATA":
                return await self._take_letter()
            case "RSET" | "NOOP":
                await self._say("250 ok")
            case "QUIT":
                if self._server.trouble is Trouble.SILENT_AT_QUIT:
                    await asyncio.sleep(QUIET_S)
                await self._say("221 bye")
                return False
            case _:
                await self._say("502 not known here")
        return True

    async def _greet(self) -> None:
        offers = ["simulated", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN"]
        if self._tls and not self._safe:
            offers.append("STARTTLS")
        await self._say(*[f"250-{offer}" for offer in offers[:-1]], f"250 {offers[-1]}")

    async def _start_tls(self) -> bool:
        if self._tls is None or self._safe:
            await self._say("454 no TLS here")
            return True
        await self._say("220 go ahead")
        if self._server.trouble is Trouble.BAD_TLS:
            await self._reader.read(1)
            await self._say("this is not TLS")
            await self._reader.read()  # until they have had enough
            return False
        await self._writer.start_tls(self._tls)
        self._safe = True
        return True

    async def _sign_in(self, rest: str) -> None:
        way, _, first = rest.partition(" ")
        asked = 0 if first else 1
        asked += way.upper() == "LOGIN"
        for _ in range(asked):
            await self._say("334 ")
            await self._line()
        bad = self._server.trouble is Trouble.BAD_SIGN_IN
        await self._say("535 5.7.8 user and password do not match" if bad else "235 welcome")

    async def _take_addressee(self, rest: str) -> None:
        if self._server.trouble is Trouble.REFUSE:
            await self._say("550 5.1.1 nobody of that name here")
            return
        self._to.append(_address(rest))
        await self._say("250 ok")

    async def _take_letter(self) -> bool:
        if not self._to:
            await self._say("503 to whom?")
            return True
        await self._say("354 end with a dot on a line")
        lines: list[bytes] = []
        size = 0
        while (line := await self._reader.readline()) != b".\r\n":
            if not line:
                return False  # half a letter is no letter
            size += len(line)
            if size <= LARGEST_MAIL:
                lines.append(line[1:] if line.startswith(b"..") else line)
        if size > LARGEST_MAIL:
            await self._say("552 too large")
        elif self._server.trouble is Trouble.TEMPORARY:
            await self._say("451 4.3.0 not now")
        else:
            for to in self._to:
                self._mailbox.put(b"".join(lines), self._sender, to)
            if self._server.trouble is Trouble.DROP_AFTER_DATA:
                return False
            await self._say("250 taken")
        return True

    async def _line(self) -> str:
        return (await asyncio.wait_for(self._reader.readline(), QUIET_S)).decode("utf-8", "replace")

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
