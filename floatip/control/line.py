"""The way back to one client of the control socket. Knows: time limits. Never: what the lines say."""

import asyncio
import select

WRITE_S = 5.0
"""How long a client may leave unread what it was sent."""
BUFFER_BYTES = 64 * 1024
"""How much may wait for a client before it is waited for."""


class Line:
    """The way back to one client: what it does not read in time ends it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.transport.set_write_buffer_limits(high=BUFFER_BYTES)

    async def send(self, data: bytes) -> None:
        """Send; OSError (TimeoutError is one) if the client is gone or does not read."""
        self._writer.write(data)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
        except TimeoutError:
            self.cut()
            raise ConnectionAbortedError("the client does not read") from None

    def check(self) -> None:
        """Raise OSError if the client has gone; one that has only shut its own side has not."""
        if self._writer.is_closing():
            raise ConnectionResetError("the client has gone")
        poll = select.poll()
        poll.register(self._writer.get_extra_info("socket"), 0)
        if poll.poll(0):  # POLLHUP or POLLERR, which are always told
            raise ConnectionResetError("the client has gone")

    def hang_up(self) -> None:
        """Tell the client that nothing more comes; what it says may still be read."""
        self._writer.write_eof()

    def cut(self) -> None:
        """Let the client go at once, with whatever it has not read."""
        self._writer.transport.abort()

    async def end(self) -> None:
        """Close once the client has read what was sent; cut it off if it has not in time."""
        self._writer.close()
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writer.wait_closed()
        except (TimeoutError, asyncio.CancelledError) as error:
            self.cut()
            if isinstance(error, asyncio.CancelledError):
                raise
        except OSError:
            pass
