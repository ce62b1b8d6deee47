import { accessSync, appendFileSync, constants } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** What a test may need of the machine that `npm ci` does not bring. */
export type RequirementName =
  | 'csh'
  | 'curl'
  | 'danted'
  | 'dig'
  | 'dnsmasq'
  | 'expect'
  | 'fish'
  | 'git'
  | 'htop'
  | 'iperf3'
  | 'ipv6'
  | 'less'
  | 'linux'
  | 'microsocks'
  | 'mount'
  | 'netlab'
  | 'nft'
  | 'nginx'
  | 'openssl'
  | 'ping'
  | 'python3'
  | 'redis'
  | 'root'
  | 'rsync'
  | 'socat'
  | 'spin'
  | 'ssh'
  | 'ssh-agent'
  | 'ssh-keygen'
  | 'sshd'
  | 'systemd'
  | 'tinyproxy'
  | 'tmux'
  | 'vim';

/** The way every requirement is answered: nothing when it is met, else what is missing and how to get it. */
export interface Requirement {
  readonly missing?: string;
}

/** Places that are not always on a user's PATH; sshd must be started by its absolute path anyway. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Tools whose Debian package has another name. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  danted: 'dante-server',
  dig: 'bind9-dnsutils',
  dnsmasq: 'dnsmasq-base',
  gcc: 'gcc libc6-dev',
  ip: 'iproute2',
  nft: 'nftables',
  ping: 'iputils-ping',
  'redis-cli': 'redis-tools',
  ssh: 'openssh-client',
  'ssh-add': 'openssh-client',
  'ssh-agent': 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  'systemd-analyze': 'systemd',
  'systemd-socket-activate': 'systemd',
  tinyproxy: 'tinyproxy-bin',
};

/** The absolute path of a program, from PATH and the system's own directories. */
export function toolPath(name: string): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  return [...path, ...SYSTEM_DIRECTORIES]
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find((candidate) => isAccessible(candidate, constants.X_OK));
}

/** The absolute path of a program that a requirement has already promised; throws where it is missing. */
export function requireTool(name: string): string {
  const path = toolPath(name);
  if (path === undefined) throw new Error(missingTool(name));
  return path;
}

const answers = new Map<RequirementName, Requirement>();

/** Whether this machine has `name`. */
export function requirement(name: RequirementName): Requirement {
  const known = answers.get(name);
  if (known !== undefined) return known;
  const missing = look(name);
  const answer = missing === undefined ? {} : { missing };
  answers.set(name, answer);
  return answer;
}

/**
 * A `describe` for tests that need real programs or rights. Where one is missing the body is not run: one line says so at the
 * end of the run (scripts/test.js collects them), and with EVERTERM_REQUIRE_ALL=1 a failing test says so instead.
 */
export function describeNeeding(
  names: readonly RequirementName[],
  title: string,
  body: () => void,
): void {
  const missing = names.flatMap((name) => requirement(name).missing ?? []);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const lines = [...new Set(missing)];
  if (process.env['EVERTERM_REQUIRE_ALL'] === '1') {
    describe(title, () => {
      test.each(lines)('finds what it needs: %s', (line) => expect.fail(line));
    });
    return;
  }
  for (const line of lines) report(`${line}\t${title}`);
  describe.skip(title, () => {
    test.each(lines)('%s', () => undefined);
  });
}

/** To the file that scripts/test.js reads at the end, or at once where a test file is run by itself. */
function report(line: string): void {
  const file = process.env['EVERTERM_MISSING_FILE'];
  if (file === undefined) process.stderr.write(`skipped, because ${line.replace('\t', ': ')}\n`);
  else appendFileSync(file, `${line}\n`);
}

function look(name: RequirementName): string | undefined {
  switch (name) {
    case 'root':
      return process.getuid?.() === 0 ? undefined : 'root is missing (run as root)';
    case 'linux':
      return process.platform === 'linux'
        ? undefined
        : `Linux is missing (this is ${process.platform})`;
    case 'ipv6':
      return hasIpv6Loopback() ? undefined : 'IPv6 is missing (no ::1 on the loopback interface)';
    case 'sshd':
      return firstMissingTool(['sshd', 'ssh', 'ssh-keygen']);
    case 'ssh-agent':
      return firstMissingTool(['ssh-agent', 'ssh-add']);
    case 'redis':
      return firstMissingTool(['redis-server', 'redis-cli']);
    case 'systemd':
      return firstMissingTool(['systemd-analyze', 'systemd-socket-activate']);
    case 'nft':
      return requirement('root').missing ?? firstMissingTool(['nft']);
    case 'netlab':
      return lookForNetlab();
    default:
      return firstMissingTool([name]);
  }
}

function lookForNetlab(): string | undefined {
  const missing =
    requirement('linux').missing ??
    requirement('root').missing ??
    firstMissingTool(['gcc', 'make', 'ip', 'python3']);
  if (missing !== undefined) return missing;
  return isAccessible('/dev/net/tun', constants.R_OK | constants.W_OK)
    ? undefined
    : '/dev/net/tun is missing (modprobe tun)';
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
}

function firstMissingTool(names: readonly string[]): string | undefined {
  const name = names.find((each) => toolPath(each) === undefined);
  return name === undefined ? undefined : missingTool(name);
}

function missingTool(name: string): string {
  return `${name} is missing (apt-get install ${PACKAGE_OF[name] ?? name})`;
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
