import type {
  AnyAuthMethod,
  Client,
  ClientChannel,
  ConnectConfig,
  ParsedKey,
  ServerHostKeyAlgorithm,
} from 'ssh2';
import { utf8 } from '../base/bytes.ts';
import { EtError, messageOf } from '../base/errors.ts';
import { checkHostKey } from './host-key-check.ts';
import { knownKeyTypes } from './known-hosts.ts';
import { readKnownHosts } from './known-hosts-file.ts';
import type { Prompter } from './prompter.ts';
import type { SshProcess, SshRunner, SshRunOptions, StderrSink } from './ssh-runner.ts';
import { Ssh2Authentication } from './ssh2-authentication.ts';
import { Ssh2Process } from './ssh2-process.ts';
import {
  resolveSsh2Settings,
  type Ssh2Settings,
  type Ssh2SettingsOptions,
} from './ssh2-settings.ts';

export interface Ssh2RunnerOptions extends Ssh2SettingsOptions {
  readonly prompter: Prompter;
  readonly onStderr: StderrSink;
}

/** What ssh2 can check by itself, the strongest first. */
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
];

/** How long to wait for a connection when nobody is asked, in milliseconds. */
const BATCH_READY_TIMEOUT_MS = 15_000;

/**
 * `--ssh builtin`: the ssh2 library, for where there is no ssh. It checks and keeps known_hosts, and logs in by agent, key file,
 * keyboard-interactive or password. It knows no ProxyJump, ProxyCommand, ControlMaster, certificates, hardware keys or GSSAPI,
 * and ssh_config only through `ssh -G`, if that is there. Each command has a connection of its own.
 */
export class Ssh2Runner implements SshRunner {
  readonly name = 'builtin ssh';
  readonly #options: Ssh2RunnerOptions;
  readonly #opened = new Map<string, ParsedKey>();

  constructor(options: Ssh2RunnerOptions) {
    this.#options = options;
  }

  run(remoteCommand: string, options: SshRunOptions): SshProcess {
    const process = new Ssh2Process(this.#options.onStderr, options.batch);
    const abort = (): void => process.kill();
    if (options.signal?.aborted === true) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    void process.exit.then(() => options.signal?.removeEventListener('abort', abort));
    this.#start(process, remoteCommand, options.batch).catch((thrown: unknown) => {
      process.fail(asEtError(thrown));
    });
    return process;
  }

  async #start(process: Ssh2Process, remoteCommand: string, batch: boolean): Promise<void> {
    const settings = resolveSsh2Settings(this.#options);
    const files = [...settings.userKnownHostsFiles, ...settings.globalKnownHostsFiles];
    // 40 ms of loading, beside the reading of files.
    const [ssh2, entries] = await Promise.all([import('ssh2'), readKnownHosts(files)]);
    if (process.isOver) return;
    const types = await knownKeyTypes(entries, settings.knownAs, settings.port);
    const { prompter } = this.#options;
    const check = {
      host: settings.knownAs,
      port: settings.port,
      entries,
      appendTo: settings.userKnownHostsFiles[0],
      strictness: settings.strictness,
      batch,
      prompter,
    };
    const authentication = new Ssh2Authentication({
      settings,
      parseKey: ssh2.default.utils.parseKey,
      prompter,
      batch,
      opened: this.#opened,
    });
    const client = new ssh2.default.Client();
    process.use(client);
    watch(client, process, settings, authentication);
    client.on('banner', (text) => {
      if (!batch) process.showStderr(utf8(text.replaceAll(/[^\P{Cc}\n\t]/gu, '')));
    });
    client.on('ready', () => execute(client, process, remoteCommand));
    client.connect({
      ...placeOf(settings),
      readyTimeout: batch ? BATCH_READY_TIMEOUT_MS : 0,
      algorithms: { serverHostKey: preferred(types) },
      hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void): void => {
        checkHostKey(check, key).then(
          () => verify(true),
          (thrown: unknown) => {
            process.fail(asEtError(thrown));
            verify(false);
          },
        );
      },
      authHandler: (left, _isPartial, next) => {
        authentication.next(left).then(
          (method) => {
            // The types leave out how one says that there is no other way.
            (next as (way: AnyAuthMethod | false) => void)(method ?? false);
          },
          (thrown: unknown) => process.fail(asEtError(thrown)),
        );
      },
    });
    // Three writes make a handshake step; with Nagle's algorithm each waits for the other end's delayed acknowledgement.
    client.setNoDelay(true);
  }
}

function placeOf({ host, port, user, family }: Ssh2Settings): ConnectConfig {
  return { host, port, username: user, forceIPv4: family === 4, forceIPv6: family === 6 };
}

/** The types that are known first: else the host may show another key than the one that could be checked. */
function preferred(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string): boolean =>
    types.includes(algorithm) || (algorithm.startsWith('rsa-') && types.includes('ssh-rsa'));
  const known = HOST_KEY_ALGORITHMS.filter(isKnown);
  return [...known, ...HOST_KEY_ALGORITHMS.filter((algorithm) => !isKnown(algorithm))];
}

function execute(client: Client, process: Ssh2Process, remoteCommand: string): void {
  client.exec(remoteCommand, (error: Error | undefined, channel: ClientChannel) => {
    if (error === undefined) return process.attach(channel);
    const message = `the host runs no commands: ${error.message}`;
    process.fail(new EtError('ET_ERR_BOOTSTRAP', message, { cause: error }));
  });
}

/** Turns the connection's failures into the command's. The first one counts. */
function watch(
  client: Client,
  process: Ssh2Process,
  settings: Ssh2Settings,
  authentication: Ssh2Authentication,
): void {
  const place = `${settings.host} port ${settings.port}`;
  client.on('error', (error: Error & { level?: string }) => {
    // An agent that does not answer is one way less to log in.
    if (error.level === 'agent') return;
    if (error.level === 'client-authentication') {
      const ways = authentication.left.join(', ') || 'nothing that we can do';
      const message = `${settings.user}@${settings.host}: permission denied; the host takes ${ways}`;
      const advice = 'check the user name, and name a key with -i';
      process.fail(new EtError('ET_ERR_AUTH', message, { cause: error, advice }));
      return;
    }
    const message = `cannot connect to ${place}: ${error.message || 'no address answered'}`;
    process.fail(
      new EtError('ET_ERR_BOOTSTRAP', message, {
        cause: error,
        advice: 'check the name, the port and the network',
      }),
    );
  });
  client.on('close', () => {
    process.fail(new EtError('ET_ERR_BOOTSTRAP', `${place} closed the connection`));
  });
}

function asEtError(thrown: unknown): EtError {
  if (thrown instanceof EtError) return thrown;
  return new EtError('ET_ERR_BOOTSTRAP', `the builtin ssh failed: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
