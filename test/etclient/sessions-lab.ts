import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { silentLogger } from '../../src/base/logger.ts';
import { CredentialStore } from '../../src/bootstrap/credential-store.ts';
import type { SessionCredentials } from '../../src/bootstrap/session-credentials.ts';
import type { SshProcess, SshRunner } from '../../src/bootstrap/ssh-runner.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import type { SessionsCommand } from '../../src/etclient/cli/sessions-command.ts';
import type { ListedSession } from '../../src/etclient/listed-session.ts';
import type { SessionsDeps } from '../../src/etclient/sessions-deps.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** 20:00 of the day on which all of it happens. */
export const NOW_MS = 1_800_000_000_000;
/** A client's process that runs. */
export const RUNNING_PID = 10;

/** What `etserver ls` says of a session whose id is all `digit`. */
export function listed(digit: string, changes: Partial<ListedSession> = {}): ListedSession {
  return {
    session: digit.repeat(32),
    name: '',
    command: '-bash',
    hasShell: true,
    ageSeconds: 60,
    attached: false,
    by: '',
    idleSeconds: 30,
    over: false,
    backlogBytes: 0,
    historyBytes: 0,
    title: '',
    cwd: '',
    ...changes,
  };
}

/** A machine with a store, an `etserver` that answers from a script, and hosts that do. */
export class SessionsLab {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'everterm-sessions-'));
  readonly store: CredentialStore = new CredentialStore({
    directory: this.#directory,
    random: new SeededRandom(1),
    logger: silentLogger,
  });
  printed = '';
  /** What was run: on this machine, or on a host. */
  readonly ran: string[] = [];
  here: readonly ListedSession[] = [];
  /** What `etserver` prints for its words, and its status. */
  answers: Readonly<Record<string, readonly [number, string]>> = {};
  isTerminal = true;
  environment: Record<string, string> = {};

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Keeps a session whose id is all `digit`. */
  keep(digit: string, changes: Partial<SessionCredentials> = {}): SessionCredentials {
    const credentials: SessionCredentials = {
      destination: 'me@host',
      session: new Uint8Array(16).fill(Number.parseInt(digit + digit, 16)),
      route: new Uint8Array(16),
      rootSecret: new Uint8Array(32),
      addresses: [],
      port: 60_000,
      protocol: 1,
      features: [],
      createdMs: NOW_MS - 7_200_000,
      clientPid: 0,
      ...changes,
    };
    this.store.save(credentials);
    return credentials;
  }

  command<Kind extends SessionsCommand['kind']>(
    kind: Kind,
    ...words: readonly string[]
  ): SessionsCommand & { readonly kind: Kind } {
    const command = parseCommandLine([kind, ...words]);
    if (command.kind !== kind) throw new Error(`not et ${kind}`);
    return command as SessionsCommand & { readonly kind: Kind };
  }

  get kept(): readonly string[] {
    return this.store.list().map(({ session }) => Buffer.from(session).toString('hex')[0] ?? '');
  }

  get deps(): SessionsDeps {
    return {
      store: this.store,
      isRunning: (pid) => pid === RUNNING_PID,
      nowMs: NOW_MS,
      environment: this.environment,
      isTerminal: this.isTerminal,
      runnerFor: (command) => {
        const { user, host } = command.destination;
        const port = command.ssh.port === undefined ? '' : `:${command.ssh.port}`;
        return Promise.resolve(this.#runner(`${user ?? ''}@${host}${port}`));
      },
      here: () => Promise.resolve(this.here),
      etserver: (args) => {
        const words = args.join(' ');
        this.ran.push(words);
        const [status, text] = this.answers[words] ?? [0, ''];
        return Promise.resolve({ status, stdout: status === 0 ? text : '', stderr: text });
      },
      write: (text) => {
        this.printed += text;
        return Promise.resolve();
      },
    };
  }

  #runner(place: string): SshRunner {
    return {
      name: 'ssh',
      run: (command) => {
        const [, words = command] = /' sh f (.*)$/u.exec(command) ?? [];
        const asked = words.replaceAll("'", '').trim();
        this.ran.push(`${place}: ${asked}`);
        const [status, text] = this.answers[asked] ?? [0, ''];
        return processOf(status, text);
      },
    };
  }
}

function processOf(status: number, text: string): SshProcess {
  const stdout = new PassThrough();
  stdout.end(text);
  const exit = new Promise<{ status: number; signal: undefined }>((resolve) => {
    stdout.once('end', () => resolve({ status, signal: undefined }));
  });
  return {
    stdin: new PassThrough(),
    stdout,
    stderrTail: '',
    exit,
    hush: () => undefined,
    kill: () => undefined,
    release: () => undefined,
  };
}
