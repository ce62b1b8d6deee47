import type { Example, Flag } from '../../base/flag.ts';

export type ClientFlagKey =
  | 'bind'
  | 'command'
  | 'config-file'
  | 'escape-char'
  | 'fallback'
  | 'grace'
  | 'help'
  | 'identity'
  | 'ipv4'
  | 'ipv6'
  | 'jump'
  | 'keepalive'
  | 'local'
  | 'log'
  | 'login'
  | 'no-stdin'
  | 'no-tty'
  | 'noexit'
  | 'port'
  | 'query'
  | 'quiet'
  | 'server-path'
  | 'ssh'
  | 'ssh-option'
  | 'ssh-port'
  | 'tty'
  | 't'
  | 'username'
  | 'verbose'
  | 'version'
  | 'via';

const WHAT = 'What to run';
const SESSION = 'The session';
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
    argument: 'tcp|ssh',
    group: SESSION,
    help: 'always connect straight to the session server, or always through ssh (default: straight where that works)',
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
    key: 'query',
    short: '-G',
    group: SSH,
    help: 'print what ssh -G says about the host, and exit',
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

/** Understood, and not shown: `-t` twice is `--tty`, once is a question of habit. */
export const HIDDEN_CLIENT_FLAGS: readonly Flag<ClientFlagKey>[] = [
  { key: 't', short: '-t', group: WHAT, help: 'half of -tt' },
];

export const CLIENT_EXAMPLES: readonly Example[] = [
  { command: 'et me@example.org', text: 'a shell that survives the network' },
  {
    command: 'et -p 2222 -J gate example.org:7000',
    text: 'sshd on port 2222 behind a jump host; the session server on port 7000',
  },
  {
    command: 'tar c . | et example.org "tar x -C /tmp"',
    text: 'a command, byte for byte, with its own exit status',
  },
  {
    command: 'et -c "tmux new -A -s main" example.org',
    text: 'a command on a terminal, in place of the shell',
  },
  {
    command: 'et --ssh "gcloud compute ssh --zone z" vm-1',
    text: 'wherever some command runs another',
  },
  { command: 'et --local', text: 'a resumable shell on this machine' },
];
