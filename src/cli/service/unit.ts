/** unit — the text of databox.service. Pure: `service install` and the Debian package write the same unit. */
import { heading } from './refusal.ts';

export type UnitPlaces = {
  /** Absolute path of the single binary: letters, digits and `/._+-`, which a unit takes as they are. */
  program: string;
  /** Absolute path of the settings, of the same letters. */
  config: string;
};

/** Seconds after which a box that says nothing is restarted; it pings three times as often. */
const watchdogSeconds = 60;

/** Kernel modules that the rules need; loaded here, so that the box itself may load none. */
const modules = [
  ...['nfnetlink_queue', 'nf_conntrack_netlink', 'ip_set', 'ip_set_hash_ip', 'ip6_tables', 'ip6table_raw'],
  ...['iptable_raw', 'xt_NFQUEUE', 'xt_connmark', 'xt_mark', 'xt_conntrack', 'xt_hashlimit', 'xt_set', 'xt_CT'],
];

/**
 * What the box may do as root, and why. Everything else of root's is gone for it and for the programs it starts.
 */
const capabilities: readonly (readonly [name: string, reason: string])[] = [
  ['CAP_NET_ADMIN', 'rules, sets, bridges, addresses, the packet queue, marks'],
  ['CAP_NET_RAW', 'the reset that ends a revoked connection is a packet of our own; iptables-legacy'],
  ['CAP_NET_BIND_SERVICE', 'ports 53, 80 and 443'],
  ['CAP_CHOWN', 'secrets are given to the user of their container'],
  ['CAP_FOWNER', 'and their modes set, and they replaced, after that'],
  ['CAP_DAC_OVERRIDE', 'in folders that belong to that user alone'],
];

/** `docker login` for the box: `DOCKER_CONFIG=/etc/databox/docker docker login …`; root's own home is hidden. */
const dockerConfig = '/etc/databox/docker';

/**
 * The whole unit; docs/service.md has the reasons. It keeps to what systemd 241 (Debian 10) knows, but for the last
 * lines: those protect on newer systems, and 241 skips them with a warning.
 */
export function unitText({ program, config }: UnitPlaces): string {
  return `${[first, unit, service(program, config), confinement, install].join('\n\n')}\n`;
}

const first = `${heading}; your own lines belong into a drop-in: systemctl edit databox`;

// Wants, not Requires or BindsTo: those would stop the box whenever Docker restarts, and with it the owner's door. The
// box itself copes with an engine that goes and comes.
const unit = `[Unit]
Description=Databox, a personal data platform
Documentation=https://github.com/me-box/databox
Wants=docker.service network-online.target
After=docker.service docker.socket network-online.target
# A box at home has nobody who would reset a limit: it is tried for good, ten seconds apart.
StartLimitIntervalSec=0`;

const service = (program: string, config: string): string => `[Service]
Type=notify
NotifyAccess=main
ExecStartPre=-+/sbin/modprobe -abq ${modules.join(' ')}
# An update that was interrupted is undone; one that works for a while is kept (docs/upgrade.md).
ExecStartPre=-+${updaterOf(program)} check
ExecStart=${program} start --config ${config}
ExecStartPost=-+${updaterOf(program)} settle
Restart=always
RestartSec=10
# 0: databox stop. 64, 78: the same command line and settings would fail again.
RestartPreventExitStatus=0 64 78
TimeoutStartSec=120
TimeoutStopSec=120
WatchdogSec=${watchdogSeconds}
# What stands still ends no sooner for being waited for.
TimeoutAbortSec=10
# Only the box is asked to stop; it ends the programs that it started.
KillMode=mixed
OOMScoreAdjust=-500
LimitNOFILE=65536
# A dump of its memory would hold every key.
LimitCORE=0
UMask=0077
StateDirectory=databox
StateDirectoryMode=0700
ConfigurationDirectory=databox
# Kept over a crash: containers that go on have their secrets there.
RuntimeDirectory=databox
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=restart
Environment=DOCKER_CONFIG=${dockerConfig}
# Threads that free what others took: with a pool for each, memory grows by half.
Environment=MALLOC_ARENA_MAX=1
# Whoever sets these has the box run code of theirs.
UnsetEnvironment=NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE LD_PRELOAD LD_LIBRARY_PATH`;

const confinement = `# Root without most of what root may do:
${capabilities.map(([name, reason]) => `# ${name}: ${reason}`).join('\n')}
CapabilityBoundingSet=${capabilities.map(([name]) => name).join(' ')}
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
KeyringMode=private
# V8 writes the code that it runs.
MemoryDenyWriteExecute=no
ProtectSystem=strict
# The lock of iptables-legacy.
ReadWritePaths=-/run/xtables.lock
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
# All but forwarding and the settings of its own bridges.
ProtectKernelTunables=yes
ReadWritePaths=/proc/sys/net/ipv4
# Newer than 241, which skips them with a warning.
RestrictSUIDSGID=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectProc=invisible`;

/** Beside the program's folder: /usr/bin/databox has /usr/lib/databox/update. */
const updaterOf = (program: string): string => program.replace(/[^/]+\/[^/]+$/, 'lib/databox/update');

const install = `[Install]
WantedBy=multi-user.target`;
