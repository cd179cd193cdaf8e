"""The room that decides: events in, effects out, time as an argument.

What the host program (``floatip.driver``) owes the engine:

1. It gives every event to ``Engine.step(event, now)``, one at a time, in the order in which they came in;
   ``now`` is CLOCK_BOOTTIME in seconds and never falls.
2. It carries out the effects in the order in which they are returned, and reports each outcome as an event.
3. It calls ``step(Tick(), now)`` no later than ``Engine.deadline()``.
4. It never decides: a line that decides lives in this room.

The room knows no clock, no socket, no file and no randomness of its own; whatever it needs comes in by an argument,
so that a simulator can run the very same code under a false world.
"""
