import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { captureRemote } from '../bootstrap/capture-remote.ts';
import { remoteCommand } from '../bootstrap/remote-command.ts';
import type { SshProcess, SshRunner } from '../bootstrap/ssh-runner.ts';
import type { Carrier, Dial } from '../link/carrier.ts';
import { StdioCarrier } from '../link/stdio-carrier.ts';
import { CONNECT_MARKER } from '../wire/remote-markers.ts';
import type { Aliveness } from './gone-check.ts';

/** What a login shell may print before it. */
const MAX_NOISE_BYTES = 65_536;
/** Longer than any line of ours, in characters. */
const MAX_WHY_LENGTH = 500;

/** A carrier over an ssh process whose other end speaks to the session server. */
export function sshCarrier(clock: Clock, name: string, channel: SshProcess): Carrier {
  return new StdioCarrier(clock, {
    label: `ssh-stdio ${name}`,
    readable: channel.stdout,
    writable: channel.stdin,
    kill: () => channel.kill(),
  });
}

/** The road for hosts of which only port 22 can be reached: `ssh host etserver connect`, without asking anybody. */
export function sshDial(
  clock: Clock,
  runner: SshRunner,
  name: string,
  sessionId: string,
  serverPath: string | undefined,
): Dial {
  return async (signal) => {
    const command = remoteCommand({
      subcommand: ['connect', sessionId],
      serverPath,
      background: false,
    });
    const channel = runner.run(command, { batch: true, signal });
    await untilMarker(channel);
    return sshCarrier(clock, name, channel);
  };
}

/** Asks the host whether the session server is there. */
export function sshAlive(
  runner: SshRunner,
  sessionId: string,
  serverPath: string | undefined,
): () => Promise<Aliveness> {
  const command = remoteCommand({
    subcommand: ['alive', sessionId],
    serverPath,
    background: false,
  });
  return async () => {
    try {
      const { stdout } = await captureRemote(runner, command, { batch: true });
      return parseAliveness(stdout);
    } catch {
      return { kind: 'unknown' };
    }
  };
}

/** What `etserver alive` has printed, whatever a login shell printed before it. */
export function parseAliveness(stdout: string): Aliveness {
  const [, answer, detail] = /^EVERTERM-ALIVE (alive|gone)(?: (\{.*\}))?\r?$/mu.exec(stdout) ?? [];
  if (answer === 'alive') return { kind: answer };
  return answer === 'gone' ? { kind: answer, why: whyIn(detail) } : { kind: 'unknown' };
}

function whyIn(detail: string | undefined): string | undefined {
  try {
    const { why } = JSON.parse(detail ?? '{}') as { why?: unknown };
    return typeof why === 'string' && why !== '' ? why.slice(0, MAX_WHY_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads up to the marker, whatever the login shell printed before, and leaves what follows to be read. */
function untilMarker(channel: SshProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const fail = (why: string): void => {
      channel.stdout.off('data', onData);
      channel.kill();
      const isGone = parseAliveness(seen.toString('latin1')).kind === 'gone';
      reject(new EtError(isGone ? 'ET_ERR_LINK_REFUSED' : 'ET_ERR_DIAL', `ssh: ${why}`));
    };
    const onData = (bytes: Uint8Array): void => {
      seen = Buffer.concat([seen, bytes]);
      const at = seen.indexOf(CONNECT_MARKER);
      if (at < 0) {
        if (seen.length > MAX_NOISE_BYTES) fail('the login shell prints without end');
        return;
      }
      channel.stdout.off('data', onData);
      channel.stdout.pause();
      const rest = seen.subarray(at + CONNECT_MARKER.length);
      if (rest.length > 0) channel.stdout.unshift(rest);
      resolve();
    };
    channel.stdout.on('data', onData);
    void channel.exit.then(({ status, failure }) =>
      fail(failure?.message ?? lastWords(channel.stderrTail, status)),
    );
  });
}

function lastWords(stderr: string, status: number | undefined): string {
  const line = stderr.trim().split('\n').at(-1)?.trim();
  return line === undefined || line === '' ? `ended with status ${status ?? 'unknown'}` : line;
}
