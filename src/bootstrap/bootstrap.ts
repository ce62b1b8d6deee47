import type { Readable } from 'node:stream';
import { type ErrorCode, EtError } from '../base/errors.ts';
import type {
  BootstrapFailure,
  BootstrapOutcome,
  BootstrapReply,
} from '../wire/bootstrap-reply.ts';
import { REPLY_BEGIN, REPLY_END } from '../wire/bootstrap-reply.ts';
import { type BootstrapRequest, formatRequest } from '../wire/bootstrap-request.ts';
import { ReplyScanner } from '../wire/reply-scanner.ts';
import { remoteCommand } from './remote-command.ts';
import type { SshExit, SshProcess, SshRunner } from './ssh-runner.ts';

export interface BootstrapOptions {
  /** Where etserver is on the host, if it cannot be found. */
  readonly serverPath?: string | undefined;
  /** True: fail where a person would have to be asked. */
  readonly batch?: boolean;
  /** Abandons the attempt. There is no other limit: people look for their passwords. */
  readonly signal?: AbortSignal | undefined;
}

export interface Bootstrapped {
  readonly reply: BootstrapReply;
  /** Still open, for whoever wants to use or end it: `release` it at least. */
  readonly channel: SshProcess;
}

type Outcome = BootstrapOutcome | { readonly kind: 'over'; readonly exit: SshExit };

const LINE_FEED = 0x0a;
const END_MARKER_LAST: number = REPLY_END.charCodeAt(REPLY_END.length - 1);

/** Failures that the user mends by installing something on the host, as remote-script.ts and the launcher name them. */
const MISSING: ReadonlySet<string> = new Set(['server-missing', 'node-missing', 'node-too-old']);

/** Why the host has no session to attach to: PROTOCOL.md section 2. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  'no-session': 'ET_ERR_SESSION_GONE',
  'session-ended': 'ET_ERR_SESSION_GONE',
  'several-sessions': 'ET_ERR_SESSION_CHOICE',
};

/**
 * Starts a session server on the host and has its reply (PROTOCOL.md section 2). It is through at the end marker, whatever keeps
 * the channel open after it.
 *
 * @throws {EtError} ET_ERR_SERVER_MISSING, ET_ERR_AUTH, ET_ERR_HOST_KEY, ET_ERR_SESSION_GONE and ET_ERR_SESSION_CHOICE where one was
 * to be attached to, else ET_ERR_BOOTSTRAP; what ssh itself has said has
 * been shown by then.
 */
export async function bootstrap(
  runner: SshRunner,
  request: BootstrapRequest,
  options: BootstrapOptions = {},
): Promise<Bootstrapped> {
  const { serverPath, batch = false, signal } = options;
  throwIfAborted(signal);
  const command = remoteCommand({ subcommand: ['session'], serverPath, background: true });
  const channel = runner.run(command, { batch, signal });
  channel.stdin.write(formatRequest(request));
  const scanner = new ReplyScanner();
  const outcome = await outcomeOf(channel, scanner);
  if (outcome.kind === 'over') {
    throwIfAborted(signal);
    throw failureOf(runner, channel, scanner, outcome.exit);
  }
  channel.hush();
  try {
    if (outcome.kind === 'failure') throw failureReported(outcome.failure);
    checkChoice(request, outcome.reply);
  } catch (thrown) {
    channel.release();
    throw thrown;
  }
  return { reply: outcome.reply, channel };
}

/**
 * Waits for the reply and the line end behind it, or for the end. What follows the line is left to be read: it may be a link's.
 */
function outcomeOf(channel: SshProcess, scanner: ReplyScanner): Promise<Outcome> {
  return new Promise((resolve) => {
    let outcome: BootstrapOutcome | undefined;
    const finish = (found: Outcome): void => {
      channel.stdout.off('data', onData);
      channel.stdout.pause();
      resolve(found);
    };
    const onData = (bytes: Uint8Array): void => {
      let at = 0;
      while (outcome === undefined && at < bytes.length) {
        // Up to each last letter of the end marker: behind it the next byte may not be ours any more.
        const end = bytes.indexOf(END_MARKER_LAST, at) + 1 || bytes.length;
        outcome = scanner.push(bytes.subarray(at, end));
        at = end;
      }
      if (outcome === undefined || at === bytes.length) return;
      if (bytes[at] === LINE_FEED) at += 1;
      finish(outcome);
      if (at < bytes.length) channel.stdout.unshift(bytes.subarray(at));
    };
    channel.stdout.on('data', onData);
    void channel.exit.then(async (exit) => {
      if (channel.stdout.listeners('data').includes(onData)) await untilRead(channel.stdout);
      // By then the stream may be another's, who would not want it paused.
      if (channel.stdout.listeners('data').includes(onData))
        finish(outcome ?? { kind: 'over', exit });
    });
  });
}

/** What a program that has ended said last lies in the pipe: the end of it, which others may hold open, is given a few turns to come. */
async function untilRead(stdout: Readable): Promise<void> {
  for (let turn = 0; turn < READ_TURNS && !stdout.readableEnded; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const READ_TURNS = 20;

/** A server that chooses what was not offered is none of ours. */
function checkChoice(request: BootstrapRequest, reply: BootstrapReply): void {
  const [low, high] = request.protocol;
  if (reply.protocol < low || reply.protocol > high) {
    const message = `the host chose protocol ${reply.protocol}, offered were ${low} to ${high}`;
    throw new EtError('ET_ERR_BOOTSTRAP', message, { advice: 'update everterm at both ends' });
  }
  const odd = reply.features.find((feature) => !request.features.includes(feature));
  if (odd === undefined) return;
  throw new EtError(
    'ET_ERR_BOOTSTRAP',
    `the host chose the feature ${odd}, which was not offered`,
    {
      advice: 'update everterm at both ends',
    },
  );
}

/** What a host says in place of a reply, as an error. */
export function failureReported({ code, message, advice }: BootstrapFailure): EtError {
  const ours: ErrorCode = MISSING.has(code)
    ? 'ET_ERR_SERVER_MISSING'
    : (REFUSALS[code] ?? 'ET_ERR_BOOTSTRAP');
  return new EtError(ours, message, advice === '' ? {} : { advice });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal === undefined || !signal.aborted) return;
  throw new EtError('ET_ERR_BOOTSTRAP', 'the start of the session was abandoned', {
    cause: signal.reason,
  });
}

/** Why there is no reply, as far as it can be told. */
function failureOf(
  runner: SshRunner,
  channel: SshProcess,
  scanner: ReplyScanner,
  exit: SshExit,
): EtError {
  if (exit.failure !== undefined) return exit.failure;
  if (exit.status === 255) return sshFailure(runner, channel.stderrTail);
  const ended = exit.signal === undefined ? `status ${exit.status ?? 'unknown'}` : exit.signal;
  // What looks like a reply may hold a key.
  const said = scanner.seen.includes(REPLY_BEGIN) ? undefined : lastLine(scanner.seen);
  const clue = scanner.problem ?? said ?? lastLine(channel.stderrTail);
  const detail = clue === undefined ? 'it printed nothing' : `the last it said: ${clue}`;
  if (exit.status === 126 || exit.status === 127) {
    const message = `the host could not run etserver (${ended}); ${detail}`;
    const advice = 'it needs a login shell that runs commands; try ssh HOST true';
    return new EtError('ET_ERR_SERVER_MISSING', message, { advice });
  }
  return new EtError(
    'ET_ERR_BOOTSTRAP',
    `no reply from etserver on the host (${ended}); ${detail}`,
    {
      advice: 'try etserver session on the host, and update everterm there',
    },
  );
}

/** ssh has one status for all its failures, and only its words tell which. The code chooses the advice and no more. */
function sshFailure(runner: SshRunner, stderr: string): EtError {
  if (/^Host key verification failed/mu.test(stderr)) {
    return new EtError('ET_ERR_HOST_KEY', `${runner.name}: the host key was not accepted`, {
      advice: 'connect once with ssh, and see what it says about the key',
    });
  }
  if (/Permission denied \(|Too many authentication failures/u.test(stderr)) {
    return new EtError('ET_ERR_AUTH', `${runner.name}: the host did not let us in`, {
      advice: 'check the user name, and that ssh to this host works',
    });
  }
  return new EtError('ET_ERR_BOOTSTRAP', `${runner.name} could not reach the host`, {
    advice: 'check that ssh to this host works',
  });
}

function lastLine(text: string): string | undefined {
  const lines = text.split(/[\r\n]+/u).map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim());
  return lines.findLast((line) => line !== '')?.slice(0, 200);
}
