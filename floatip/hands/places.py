"""Where the addresses of a VIP can be. Knows: its spec. Never: what is there."""

from floatip.core.types import VipSpec
from floatip.host.addresses import Alias


def aliases_of(spec: VipSpec, interface: str) -> tuple[Alias, ...]:
    """What the kernel shall have of a VIP; an address that names its interface stays there."""
    return tuple(
        Alias(
            address=placed.address,
            prefix=placed.prefix,
            interface=placed.interface or interface,
            label=spec.name,
            source=spec.source,
        )
        for placed in spec.addresses
    )


def places(spec: VipSpec) -> tuple[str, ...]:
    """Every interface that an address of the VIP can be on."""
    named = (placed.interface for placed in spec.addresses if placed.interface is not None)
    return tuple(dict.fromkeys([*spec.interfaces, *named]))
