"""keepalived.conf(5), word by word, of version 2.2: what becomes of those that nothing carries over, and why.

Knows: the manual. Never: a file. A word that the translator carries over stands here too where it can be left out of
that (as a word of an instance that has no address).
"""

from floatip.keepalived.ledger import Kind, Verdict
from floatip.keepalived.words_global import ANYWHERE_ELSE, GLOBAL

_MAIL = Verdict(kind=Kind.LOST, why="floatip sends no mail: let a [[hook]] send it")
_USER = Verdict(
    kind=Kind.LOST, why="floatip runs programs as the user of its daemon: use runuser or sudo in the command"
)
_VRRP = Verdict(kind=Kind.NEEDLESS, why="nodes talk over MQTT, not by VRRP packets")
_VMAC = Verdict(
    kind=Kind.LOST,
    why="floatip uses no virtual MAC address: clients learn the new owner's by gratuitous ARP, within milliseconds",
)
_LVS = Verdict(
    kind=Kind.LOST, why="IPVS is outside floatip: keep keepalived for its virtual servers alone, or use ipvsadm"
)
_FIFO = Verdict(kind=Kind.LOST, why="floatip has no notify FIFO: use a [[hook]], or follow `floatip events -f --json`")
_GARP = Verdict(
    kind=Kind.NEEDLESS,
    why="an owner announces at 0, 50 ms, 250 ms, 1 s and 5 s, again when it hears a rival, and then as [garp] says",
)
_LINK = Verdict(kind=Kind.NEEDLESS, why="the kernel tells floatip of every change of a link")
_STATE = Verdict(
    kind=Kind.NEEDLESS, why="nodes begin as backup and elect by priority; nothing says who begins as owner"
)
_BFD = Verdict(
    kind=Kind.LOST, why='floatip speaks no BFD: a [[check]] of type "arp" asks a neighbour whether it answers'
)
_ROUTE = Verdict(
    kind=Kind.LOST,
    why="floatip sets no routes but those by which a VIP replies (gateway, table): let a [[hook]] set and remove them",
)
_STATIC = Verdict(kind=Kind.LOST, why="what does not float is set by what sets up this host's network at boot")
_DEFAULT = Verdict(kind=Kind.NEEDLESS, why="floatip does so always")
_RECEIVED = Verdict(
    kind=Kind.LOST, why="floatip calls no hook for it: an owner that hears a rival resolves it by itself"
)

Table = dict[str, Verdict]


def _table(*rows: tuple[str, Verdict]) -> Table:
    return {word: verdict for words, verdict in rows for word in words.split()}


def _lost(why: str) -> Verdict:
    return Verdict(kind=Kind.LOST, why=why)


def _needless(why: str) -> Verdict:
    return Verdict(kind=Kind.NEEDLESS, why=why)


_NOTIFY = _table(
    ("smtp_alert", _MAIL),
    ("notify_priority_changes", _FIFO),
    ("notify_deleted", _lost("floatip calls no hook when a VIP has left the configuration")),
    (
        "notify_master notify_backup notify_fault notify_stop notify",
        _lost("there is no VIP whose changes it would tell"),
    ),
)
_TRACK = _table(
    ("track_interface track_script track_file track_process", _lost("there is no VIP that could depend on it")),
    ("track_bfd", _BFD),
)
_PROTOCOL = (
    "mcast_src_ip mcast_dst_ip unicast_src_ip unicast_peer unicast_ttl unicast_fault_no_peer check_unicast_src "
    "old_unicast_checksum version skip_check_adv_addr lower_prio_no_advert higher_prio_send_advert strict_mode "
    "kernel_rx_buf_size"
)
_INSTANCE = (
    _table(
        ("state", _STATE),
        ("interface", _lost("there is no address to put on it")),
        ("priority preempt nopreempt preempt_delay advert_int", _lost("there is no VIP that it could be about")),
        ("down_timer_adverts", _lost("there is no VIP that it could be about")),
        ("virtual_router_id", _needless("VIPs are told apart by their names, which must be the same on all nodes")),
        ("use_vmac use_vmac_addr vmac_xmit_base use_ipvlan", _VMAC),
        (
            "vrf",
            _lost("floatip knows no VRF: name the interface itself, and start the daemon in the VRF by `ip vrf exec`"),
        ),
        ("native_ipv6", _needless("the addresses say which kind they are")),
        ("dont_track_primary", _lost("a VIP whose interfaces have all lost their link leaves this node, always")),
        (_PROTOCOL, _VRRP),
        (
            "track_src_ip",
            _lost("floatip does not watch the host's own address: LAN health notices when nobody answers"),
        ),
        (
            "garp_master_delay garp_lower_prio_delay garp_lower_prio_repeat garp_master_refresh_repeat garp_extra_if",
            _GARP,
        ),
        ("garp_lower_priority_repeat", _GARP),
        ("garp_master_repeat garp_master_refresh", _GARP),
        (
            "authentication",
            _lost(
                "messages are signed by a key instead: `floatip keygen /etc/floatip/cluster.key`, copy it to all "
                "nodes, and name it under [security] keys"
            ),
        ),
        ("auth_type auth_pass", _lost("stands in a block of its own, authentication")),
        ("virtual_ipaddress virtual_ipaddress_excluded", _lost("no address in it can float")),
        ("promote_secondaries", _needless("floatip sets it on every interface of a VIP")),
        ("virtual_routes virtual_rules", _ROUTE),
        ("accept", _needless("the owner answers for its VIPs to everybody")),
        ("no_accept", _lost("the owner of a VIP takes packets for it: refuse them by a firewall rule")),
        ("debug linkbeat_use_polling", _LINK),
        ("notify_master_rx_lower_pri", _RECEIVED),
        ("lvs_sync_daemon_interface lvs_sync_daemon lvs_syncd_interface", _LVS),
    )
    | _NOTIFY
    | _TRACK
)
_GROUP = (
    _table(
        ("group", _lost("none of its members is a VIP here")),
        (
            "global_tracking sync_group_tracking_weight",
            _needless("a group is one VIP, and its checks count for all of it"),
        ),
    )
    | _NOTIFY
    | _TRACK
)
_UNUSED = _lost("no VIP depends on it")
_SCRIPT = _table(
    ("script interval timeout weight rise fall", _UNUSED),
    ("user", _USER),
    ("init_fail", _lost("a check has no result before its first run; until it fails `fall` times it is no fault")),
)
_FILE = _table(
    ("file weight", _UNUSED),
    ("init_file", _lost("floatip writes no file that it watches: let the program that sets it create it")),
)
_PROCESS = _table(
    ("process weight", _UNUSED),
    (
        "param_match full_command",
        _lost('a [[check]] of type "process" looks at the name alone: use exec and `pgrep -f`'),
    ),
    ("quorum", _lost("one process of the name is enough: use exec and a script that counts")),
    ("quorum_max", _lost("there is no check that too many are running: use exec and a script that counts")),
    ("fork_delay terminate_delay delay", _lost("`rise` and `fall` of the check, times its interval, are the delay")),
)
_TOP = (
    _table(
        (
            "vrrp_instance",
            _lost("it has no address that floatip could hold, so there is nothing to elect an owner for"),
        ),
        ("vrrp_sync_group", _lost("none of its members is a VIP here")),
        ("global_defs", _lost("there is no VIP for which it could count")),
        ("vrrp_script track_file vrrp_track_file vrrp_track_process", _UNUSED),
        ("virtual_server virtual_server_group SSL", _LVS),
        ("real_server", _LVS),
        ("bfd_instance", _BFD),
        ("static_routes static_rules", _STATIC),
        ("static_ipaddress", _STATIC),
        ("track_group", _lost("floatip does not watch static addresses, routes and rules")),
        ("linkbeat_interfaces linkbeat_use_polling", _LINK),
        (
            "interface_up_down_delays",
            _lost(
                "a lost link counts at once; a VIP with a second interface uses that, preempt_delay delays the way back"
            ),
        ),
        ("garp_group", _lost("[garp] rate is one number for every interface")),
    )
    | ANYWHERE_ELSE
)

WORDS: dict[str, Table] = {
    "": _TOP,
    "global_defs": GLOBAL,
    "vrrp_instance": _INSTANCE,
    "vrrp_sync_group": _GROUP,
    "vrrp_script": _SCRIPT,
    "track_file": _FILE,
    "vrrp_track_file": _FILE,
    "vrrp_track_process": _PROCESS,
}
"""For each kind of block (the top is ""), its words."""

ADDRESS_FLAGS: Table = _table(
    ("home -nodad nodad mngtmpaddr autojoin noprefixroute", _needless("floatip sets what a floating address needs")),
    ("no_track", _lost("an address of a VIP that somebody removes is added again, always")),
    ("use_vmac", _VMAC),
)
"""Words of a line of an address that stand alone."""

ADDRESS_VALUES: Table = _table(
    ("brd broadcast", _needless("an address with the prefix of one host has no broadcast address")),
    ("scope", _needless("floating addresses have scope global, so that others can reach them")),
    ("label", _needless("floatip gives each IPv4 address a label of its own")),
    ("peer", _lost("floatip sets no point-to-point addresses")),
    (
        "preferred_lft",
        _needless("the lifetimes of an address are floatip's lease; `source` says whether it may be a source"),
    ),
    ("track_group", _lost("floatip does not watch static addresses")),
)
"""Words of a line of an address that have a value."""
