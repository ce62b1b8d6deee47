import type { Flag } from '../../base/flag.ts';
import { LEAVING_FLAGS, type LeavingFlagKey, SESSION } from './leaving-options.ts';

export type ClientFlagKey =
  | LeavingFlagKey
  | 'agent'
  | 'bind'
  | 'command'
  | 'compress'
  | 'config-file'
  | 'escape-char'
  | 'explain'
  | 'fallback'
  | 'from'
  | 'grace'
  | 'help'
  | 'identity'
  | 'ipv4'
  | 'ipv6'
  | 'jump'
  | 'jumphost'
  | 'jport'
  | 'keepalive'
  | 'local'
  | 'log'
  | 'login'
  | 'no-agent'
  | 'no-stdin'
  | 'no-tty'
  | 'no-x11'
  | 'noexit'
  | 'pad'
  | 'port'
  | 'print-config'
  | 'protocol-2'
  | 'query'
  | 'quiet'
  | 'server-path'
  | 'ssh'
  | 'ssh-option'
  | 'ssh-port'
  | 'standby'
  | 'subsystem'
  | 'tty'
  | 'dynamic-forward'
  | 'forward-agent'
  | 'gateway-ports'
  | 'http-proxy'
  | 'local-forward'
  | 'no-terminal'
  | 'remote-forward'
  | 'reverse-tunnel'
  | 'ssh-socket'
  | 'stdio-forward'
  | 'tunnel'
  | 'udp'
  | 'udp-idle'
  | 'udp-reverse'
  | 'username'
  | 'verbose'
  | 'version'
  | 'via';

const WHAT = 'What to run';
const FORWARDS = 'Forwards, each as often as you like';
const SSH = 'Handed to ssh';
const TALK = 'Messages';

/** Every flag of `et`, in the order of `--help`. */
export const CLIENT_FLAGS: readonly Flag<ClientFlagKey>[] = [
  {
    key: 'command',
    short: '-c',
    long: '--command',
    argument: 'CMD',
    group: WHAT,
    help: 'run CMD by the login shell on a terminal, then exit with its status',
  },
  {
    key: 'noexit',
    short: '-e',
    long: '--noexit',
    group: WHAT,
    help: 'with -c: stay in the shell afterwards',
  },
  {
    key: 'tty',
    long: '--tty',
    group: WHAT,
    help: 'give a command a terminal; -tt is the same',
  },
  { key: 'no-tty', short: '-T', group: WHAT, help: 'give no terminal, not even to a shell' },
  { key: 'no-stdin', short: '-n', group: WHAT, help: 'take nothing from standard input' },
  {
    key: 'subsystem',
    short: '-s',
    group: WHAT,
    help: "the command is the name of one of sshd's subsystems, as sftp",
  },
  {
    key: 'local',
    long: '--local',
    group: WHAT,
    help: 'a session on this machine, without a host and without SSH',
  },
  {
    key: 'escape-char',
    long: '--escape-char',
    argument: 'CHAR',
    group: WHAT,
    help: 'begins an escape after a newline, as in ~. or ~?; none for no escapes (default: EscapeChar, or ~)',
  },
  ...LEAVING_FLAGS,
  {
    key: 'port',
    long: '--port',
    argument: 'N[-M]',
    group: SESSION,
    help: 'port of the session server, or the first free one of a range; host:N is the same (default: 60000-61000)',
  },
  {
    key: 'bind',
    long: '--bind',
    argument: 'ADDRESS',
    group: SESSION,
    help: 'address that the session server listens on (default: all)',
  },
  {
    key: 'via',
    long: '--via',
    argument: 'PLAN',
    group: SESSION,
    help: 'roads to the session: udp, tcp, ssh, wss://..., proxy, or several as in "race(udp, delay(50ms, tcp))", the best first (default: all there are)',
  },
  {
    key: 'from',
    long: '--from',
    argument: 'ADDRESS|INTERFACE',
    group: SESSION,
    help: 'connect from this address, or those of this interface; as often as you like (ssh itself: BindAddress)',
  },
  {
    key: 'explain',
    long: '--explain',
    group: SESSION,
    help: 'print which roads would be tried, when and why, and exit',
  },
  {
    key: 'jumphost',
    long: '--jumphost',
    argument: '[USER@]HOST',
    group: SESSION,
    help: 'go through this host: ssh as with -J, and links by its router, which hands them on unread',
  },
  {
    key: 'jport',
    long: '--jport',
    argument: 'N',
    group: SESSION,
    help: 'port of the router of --jumphost (default: 2022)',
  },
  {
    key: 'standby',
    long: '--standby',
    group: SESSION,
    help: 'keep a second link over another road, which takes over within a round trip when the first falls silent',
  },
  {
    key: 'pad',
    long: '--pad',
    argument: 'SIZE',
    group: SESSION,
    help: 'make every datagram of the road udp SIZE bytes long, 256-1400, whatever it carries; other roads are as they are (--via udp: no others)',
  },
  {
    key: 'grace',
    long: '--grace',
    argument: 'TIME',
    group: SESSION,
    help: 'how long the session waits for an absent client: 90s, 15m, 8h, 7d or never (default: never)',
  },
  {
    key: 'keepalive',
    short: '-k',
    long: '--keepalive',
    argument: 'SECONDS',
    group: SESSION,
    help: 'ask for a sign of life at least this often (default: ServerAliveInterval, or ever more rarely, up to 64)',
  },
  {
    key: 'server-path',
    long: '--server-path',
    aliases: ['--terminal-path'],
    argument: 'PATH',
    group: SESSION,
    help: 'where etserver is on the host, if it cannot be found',
  },
  {
    key: 'fallback',
    long: '--fallback',
    argument: 'ssh|none',
    group: SESSION,
    help: 'what to do where the host has no etserver (default: ssh for a command without a terminal, else none)',
  },
  {
    key: 'local-forward',
    short: '-L',
    argument: '[BIND:]PORT:HOST:PORT',
    group: FORWARDS,
    help: 'listen here, and connect from the host; paths of unix sockets may stand on either side',
  },
  {
    key: 'remote-forward',
    short: '-R',
    argument: '[BIND:]PORT:HOST:PORT',
    group: FORWARDS,
    help: 'listen on the host, and connect from here; port 0: any, which is reported',
  },
  {
    key: 'dynamic-forward',
    short: '-D',
    argument: '[BIND:]PORT',
    group: FORWARDS,
    help: 'a SOCKS 4a and 5 proxy here, UDP included; names are resolved on the host',
  },
  {
    key: 'http-proxy',
    long: '--http-proxy',
    argument: '[BIND:]PORT',
    group: FORWARDS,
    help: 'an HTTP proxy here',
  },
  {
    key: 'tunnel',
    short: '-t',
    long: '--tunnel',
    argument: 'P:Q[,...]',
    group: FORWARDS,
    help: "Eternal Terminal's -L: ports, ranges A-B:C-D, paths; for ssh's -t write --tty or -tt",
  },
  {
    key: 'reverse-tunnel',
    short: '-r',
    long: '--reversetunnel',
    argument: 'P:Q[,...]',
    group: FORWARDS,
    help: "Eternal Terminal's -R; NAME:/path gives programs on the host a socket, its path in $NAME",
  },
  {
    key: 'udp',
    short: '-U',
    long: '--udp',
    argument: '[BIND:]PORT:HOST:PORT',
    group: FORWARDS,
    help: 'datagrams: listen here, and send from the host',
  },
  {
    key: 'udp-reverse',
    long: '--udp-reverse',
    argument: '[BIND:]PORT:HOST:PORT',
    group: FORWARDS,
    help: 'datagrams: listen on the host, and send from here',
  },
  {
    key: 'udp-idle',
    long: '--udp-idle',
    argument: 'SECONDS',
    group: FORWARDS,
    help: 'forget a sender of datagrams that was silent for this long (default: 60)',
  },
  {
    key: 'stdio-forward',
    short: '-W',
    argument: 'HOST:PORT',
    group: FORWARDS,
    help: 'connect standard input and output to this port from the host, as for a ProxyCommand',
  },
  {
    key: 'no-terminal',
    short: '-N',
    long: '--no-terminal',
    group: FORWARDS,
    help: 'run nothing: only forward',
  },
  {
    key: 'gateway-ports',
    short: '-g',
    group: FORWARDS,
    help: 'let other machines connect to forwards that name no BIND',
  },
  {
    key: 'agent',
    short: '-A',
    group: FORWARDS,
    help: 'forward the agent; who can read your files on the host can use it meanwhile',
  },
  {
    key: 'forward-agent',
    short: '-f',
    long: '--forward-ssh-agent',
    group: FORWARDS,
    help: "Eternal Terminal's -A",
  },
  {
    key: 'ssh-socket',
    long: '--ssh-socket',
    argument: 'PATH',
    group: FORWARDS,
    help: 'forward the agent that listens there (default: $SSH_AUTH_SOCK)',
  },
  { key: 'no-agent', short: '-a', group: FORWARDS, help: 'do not forward the agent' },
  {
    key: 'ssh',
    long: '--ssh',
    argument: 'COMMAND',
    group: SSH,
    help: 'the ssh to run, or any command that runs another on the host; builtin for the one inside (default: ssh, or builtin where there is none)',
  },
  { key: 'ssh-port', short: '-p', argument: 'N', group: SSH, help: 'port of sshd' },
  { key: 'login', short: '-l', argument: 'NAME', group: SSH, help: 'login name' },
  {
    key: 'username',
    short: '-u',
    long: '--username',
    argument: 'NAME',
    group: SSH,
    help: 'login name, as -l',
  },
  { key: 'identity', short: '-i', argument: 'FILE', group: SSH, help: 'private key' },
  { key: 'config-file', short: '-F', argument: 'FILE', group: SSH, help: 'configuration file' },
  {
    key: 'ssh-option',
    short: '-o',
    long: '--ssh-option',
    argument: 'OPTION',
    group: SSH,
    help: 'option of ssh_config, as in -o Compression=yes',
  },
  {
    key: 'jump',
    short: '-J',
    argument: 'HOST',
    group: SSH,
    help: 'go through this host; several are separated by commas',
  },
  { key: 'ipv4', short: '-4', group: SSH, help: 'IPv4 only' },
  { key: 'ipv6', short: '-6', group: SSH, help: 'IPv6 only' },
  {
    key: 'compress',
    short: '-C',
    group: SSH,
    help: 'compress forwards, commands without a terminal and what goes through ssh; terminals and agents are not',
  },
  { key: 'no-x11', short: '-x', group: SSH, help: 'do not forward X11' },
  {
    key: 'query',
    short: '-G',
    group: SSH,
    help: 'print what ssh -G says about the host, and exit',
  },
  {
    key: 'print-config',
    long: '--print-config',
    group: TALK,
    help: 'print what flags, variables (EVERTERM_VIA), config.toml and ssh_config say about the host, and exit',
  },
  { key: 'verbose', short: '-v', group: TALK, help: 'say what happens; up to three times' },
  {
    key: 'log',
    long: '--log',
    argument: 'FILE',
    group: TALK,
    help: 'append what -v says to FILE, not to standard error',
  },
  { key: 'quiet', short: '-q', group: TALK, help: 'say nothing but why it failed' },
  { key: 'version', short: '-V', long: '--version', group: TALK, help: 'print the version' },
  { key: 'help', short: '-h', long: '--help', group: TALK, help: 'print this' },
];

/**
 * Understood, and not shown: `-2`, the only SSH there is, is still said by programs that run ssh.
 */
export const HIDDEN_CLIENT_FLAGS: readonly Flag<ClientFlagKey>[] = [
  { key: 'protocol-2', short: '-2', group: SSH, help: 'SSH 2, as ever' },
];
