"""Words of global_defs, and those that may stand on top or there. Knows: the manual. Never: a file."""

from floatip.keepalived.ledger import Kind, Verdict


def _rows(kind: Kind, rows: dict[str, str]) -> dict[str, Verdict]:
    return {word: Verdict(kind=kind, why=why) for why, words in rows.items() for word in words.split()}


_NEEDLESS = {
    "floatip keeps no such files or processes": (
        "use_pid_dir child_wait_time tmp_config_directory config_save_dir process_names process_name vrrp_process_name "
        "checker_process_name bfd_process_name data_use_instance umask random_seed instance"
    ),
    "nodes talk over MQTT, not by VRRP packets": (
        "vrrp_mcast_group4 vrrp_mcast_group6 vrrp_version vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict "
        "vrrp_lower_prio_no_advert vrrp_higher_prio_send_advert log_unknown_vrids disable_local_igmp "
        "vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier"
    ),
    "an owner announces at 0, 50 ms, 250 ms, 1 s and 5 s, again when it hears a rival, and then as [garp] says": (
        "vrrp_garp_master_delay vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh_repeat "
        "vrrp_gna_interval vrrp_garp_extra_if vrrp_garp_master_repeat vrrp_garp_master_refresh vrrp_garp_interval "
        "vrrp_min_garp"
    ),
    "floatip needs no firewall rules: it makes no virtual MAC addresses, and the owner takes packets for its VIPs": (
        "nftables nftables_priority nftables_counters nftables_ifindex vrrp_iptables vrrp_ipsets namespace_with_ipsets "
        "vmac_prefix vmac_addr_prefix"
    ),
    "floatip asks for the buffers that it needs": (
        "vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs "
        "vrrp_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs process_monitor_rcv_bufs_force"
    ),
    "the kernel tells floatip of every change of a link, and of interfaces that come and go": (
        "linkbeat_use_polling dynamic_interfaces"
    ),
    "a lease outlasts several lost heartbeats, and a node that was held up starts listening anew": (
        "vrrp_startup_delay max_auto_priority min_auto_priority_delay"
    ),
    "`floatip reload` reads all of the configuration first, and changes nothing if it is wrong": "reload_check_config",
    "no VIP needs it": "default_interface vrrp_down_timer_adverts",
    "the file that was imported has no further use": "include_check reload_file",
    "every node has its name from `node`": "router_id",
}
_LOST = {
    "floatip sends no mail: let a [[hook]] send it": (
        "notification_email notification_email_from smtp_server smtp_helo_name smtp_connect_timeout smtp_alert "
        "smtp_alert_vrrp smtp_alert_checker no_email_faults no_checker_emails"
    ),
    "IPVS is outside floatip: keep keepalived for its virtual servers alone, or use ipvsadm": (
        "net_namespace_ipvs lvs_sync_daemon lvs_timeouts lvs_flush lvs_flush_on_stop checker_log_all_failures "
        "nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark checker_priority checker_no_swap "
        "checker_cpu_affinity checker_rt_priority checker_rlimit_rttime lvs_notify_fifo lvs_notify_fifo_script "
        "lvs_netlink_cmd_rcv_bufs "
        "lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force "
        "rs_init_notifies enable_snmp_checker"
    ),
    "floatip speaks no BFD": "bfd_priority bfd_no_swap bfd_cpu_affinity bfd_rt_priority bfd_rlimit_rttime",
    "set it in the unit of the daemon: Nice=, CPUAffinity=, CPUSchedulingPolicy=, LimitRTTIME= (systemd.exec(5))": (
        "vrrp_priority vrrp_no_swap vrrp_cpu_affinity vrrp_rt_priority vrrp_rlimit_rttime"
    ),
    "run it from the unit of the daemon, by ExecStartPre= and ExecStopPost= (systemd.service(5))": (
        "startup_script startup_script_timeout shutdown_script shutdown_script_timeout"
    ),
    "run the daemon in that namespace: NetworkNamespacePath= in its unit (systemd.exec(5))": "net_namespace",
    "floatip has no notify FIFO: use a [[hook]], or follow `floatip events -f --json`": (
        "notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script vrrp_notify_priority_changes "
        "fifo_write_vrrp_states_on_reload"
    ),
    "floatip speaks neither SNMP nor D-Bus: ask `floatip status --json`": (
        "snmp_socket enable_snmp_vrrp enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps enable_dbus "
        "dbus_service_name enable_snmp_keepalived"
    ),
    "floatip runs programs as the user of its daemon: use runuser or sudo in the command": "script_user",
    "floatip does not look at who may write a program that it runs: let only root write them": "enable_script_security",
    "floatip reads its configuration again when told to, by `floatip reload`; at a set time let cron do it": (
        "reload_time_file reload_repeat"
    ),
}

GLOBAL: dict[str, Verdict] = _rows(Kind.NEEDLESS, _NEEDLESS) | _rows(Kind.LOST, _LOST)
"""Words of global_defs."""

_ON_TOP = (
    "net_namespace",
    "net_namespace_ipvs",
    "namespace_with_ipsets",
    "instance",
    "use_pid_dir",
    "child_wait_time",
    "include_check",
    "random_seed",
)

ANYWHERE_ELSE: dict[str, Verdict] = {word: GLOBAL[word] for word in _ON_TOP}
"""Words that stand on top, outside of every block."""
