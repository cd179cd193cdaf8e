"""The rules of a faulty switch."""

from floatip.lab.faults import Faults

FLUSH = "flush chain bridge faults ports"
ADD = "add rule bridge faults ports"


def test_no_fault_is_no_rule() -> None:
    """A healthy switch only forgets its former rules."""
    assert Faults().ruleset() == f"{FLUSH}\n"


def test_each_fault_has_its_rule() -> None:
    """Mute ports lose what comes from them, deaf ones what goes to them, loss counts each way, cuts one way each."""
    faults = Faults(mute={"p1"}, deaf={"p2"}, loss_percent={"p3": 12.5}, cut={("p4", "p5")}, no_mqtt={"p6"})
    assert faults.ruleset().splitlines() == [
        FLUSH,
        f'{ADD} iifname "p1" drop',
        f'{ADD} oifname "p2" drop',
        f'{ADD} iifname "p4" oifname "p5" drop',
        f'{ADD} iifname "p6" tcp dport {{ 1883, 8883 }} drop',
        f'{ADD} oifname "p6" tcp sport {{ 1883, 8883 }} drop',
        f'{ADD} iifname "p3" numgen random mod 1000 < 125 drop',
        f'{ADD} oifname "p3" numgen random mod 1000 < 125 drop',
    ]


def test_healing_a_port_leaves_the_others() -> None:
    """Healing ends what is wrong with one port, and neither other ports nor a split."""
    faults = Faults(mute={"p1", "p2"}, deaf={"p1"}, loss_percent={"p1": 30}, cut={("p1", "p2")}, no_mqtt={"p1"})
    faults.heal("p1")
    assert faults == Faults(mute={"p2"}, cut={("p1", "p2")})
