"""The kernel's filter in front of the watcher, as classic BPF: what need not wake anybody is dropped before it queues.

Knows: our own echoes, and which changes of rules and routes can concern us; a host with a full routing table tells of
thousands. Never: a compiler. Loads are big-endian and netlink is not, hence htons and htonl.
"""

import ctypes
import socket
import struct
from collections.abc import Collection
from typing import Final

from floatip.host.messages import IFA_F_PERMANENT, IFA_PROTO, PROTOCOL, RTM_NEWADDR
from floatip.host.routemessages import FRA_PROTOCOL, RTA_TABLE, RTM_DELROUTE, RTM_DELRULE, RTM_NEWROUTE, RTM_NEWRULE

MOST_TABLES: Final = 64
"""With more tables than that, a route that is put over one of ours is not told: a jump goes 255 instructions far."""

_SO_ATTACH_FILTER: Final = 26
_INSTRUCTION: Final = struct.Struct("=HBBI")  # linux/filter.h
_NLATTR: Final = 0xFFFFF000 + 12  # SKF_AD_OFF + SKF_AD_NLATTR: offset of the attribute X, searched from A on
_LOAD_WORD_OF, _LOAD_HALF, _LOAD_BYTE, _LOAD_WORD, _LOAD_BYTE_OF = 0x40, 0x28, 0x30, 0x20, 0x50  # _OF: from X on
_SET_A, _SET_X, _COPY_TO_X, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x00, 0x01, 0x07, 0x15, 0x45, 0x06
_KIND_AT, _ADDRESS_FLAGS_AT, _ROUTE_PROTOCOL_AT = 4, 18, 21
_ADDRESS_ATTRIBUTES, _ROUTE_ATTRIBUTES, _RULE_ATTRIBUTES = 24, 28, 28

Step = tuple[int, int | str, int | str, int] | str
"""(code, jump if true, jump if false, operand), or the name of the place that follows; a jump goes to a name."""


def program(tables: Collection[int]) -> list[tuple[int, int, int, int]]:
    """Drop our own addresses' echoes and what is done to others' rules and routes; keep the rest.

    Of routes are kept: the removal of one of ours, and what somebody else puts into one of these tables.
    """
    kinds = {RTM_NEWADDR: "address", RTM_DELRULE: "rule", RTM_DELROUTE: "gone", RTM_NEWROUTE: "come", RTM_NEWRULE: "no"}
    steps: list[Step] = [(_LOAD_HALF, 0, 0, _KIND_AT)]
    steps += [(_IF_EQUAL, name, 0, socket.htons(kind)) for kind, name in kinds.items()]
    steps += [(_RETURN, 0, 0, 0xFFFFFFFF)]
    steps += ["address", (_LOAD_BYTE, 0, 0, _ADDRESS_FLAGS_AT), (_IF_ANY_BIT, "yes", 0, IFA_F_PERMANENT)]
    steps += [*_attribute(_ADDRESS_ATTRIBUTES, IFA_PROTO), (_IF_EQUAL, "yes", 0, 0), (_COPY_TO_X, 0, 0, 0)]
    steps += [(_LOAD_BYTE_OF, 0, 0, 4), (_IF_EQUAL, "no", "yes", PROTOCOL)]
    steps += ["rule", *_attribute(_RULE_ATTRIBUTES, FRA_PROTOCOL), (_IF_EQUAL, "no", 0, 0), (_COPY_TO_X, 0, 0, 0)]
    steps += [(_LOAD_BYTE_OF, 0, 0, 4), (_IF_EQUAL, "yes", "no", PROTOCOL)]
    steps += ["gone", (_LOAD_BYTE, 0, 0, _ROUTE_PROTOCOL_AT), (_IF_EQUAL, "yes", "no", PROTOCOL)]
    steps += ["come", (_LOAD_BYTE, 0, 0, _ROUTE_PROTOCOL_AT), (_IF_EQUAL, "no", 0, PROTOCOL)]
    steps += [*_attribute(_ROUTE_ATTRIBUTES, RTA_TABLE), (_IF_EQUAL, "no", 0, 0), (_COPY_TO_X, 0, 0, 0)]
    steps += [(_LOAD_WORD_OF, 0, 0, 4)]
    ours = sorted(tables) if len(tables) <= MOST_TABLES else []
    steps += [(_IF_EQUAL, "yes", 0, socket.htonl(table)) for table in ours]
    steps += ["no", (_RETURN, 0, 0, 0), "yes", (_RETURN, 0, 0, 0xFFFFFFFF)]
    return _linked(steps)


def attach(opened: socket.socket, tables: Collection[int]) -> None:
    """Have the kernel drop for this socket what the program drops, from now on."""
    steps = program(tables)
    memory = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*step) for step in steps))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(steps), ctypes.addressof(memory)))


def _attribute(start: int, kind: int) -> list[Step]:
    """A = where this attribute is, searched from `start` on; 0 if there is none."""
    return [(_SET_A, 0, 0, start), (_SET_X, 0, 0, kind), (_LOAD_WORD, 0, 0, _NLATTR)]


def _linked(steps: list[Step]) -> list[tuple[int, int, int, int]]:
    """Give each jump its distance."""
    places: dict[str, int] = {}
    linked: list[tuple[int, int | str, int | str, int]] = []
    for step in steps:
        if isinstance(step, str):
            places[step] = len(linked)
        else:
            linked.append(step)

    def distance(jump: int | str, at: int) -> int:
        return places[jump] - at - 1 if isinstance(jump, str) else jump

    return [(code, distance(yes, at), distance(no, at), k) for at, (code, yes, no, k) in enumerate(linked)]
