import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, {
  type AuthContext,
  type Connection,
  type ParsedKey,
  type PublicKeyAuthContext,
  type ServerChannel,
} from 'ssh2';
import { makeSsh2Keys } from './ssh2-keys.ts';

export interface Ssh2ServerOptions {
  /** Private keys in PEM; one of ed25519 by default. */
  readonly hostKeys?: readonly string[];
  /** The public key, as text, that may log in. */
  readonly userKey?: string;
  readonly password?: string;
  /** What is asked and must be answered, in order. */
  readonly questions?: readonly {
    readonly prompt: string;
    readonly echo: boolean;
    readonly answer: string;
  }[];
}

/** An SSH server inside the test, for where there is no sshd: it runs commands by `sh -c`, as the user of the test. */
export class Ssh2Server {
  readonly port: number;
  /** The public keys of the host, as `type base64`. */
  readonly hostKeys: readonly string[];
  /** Every try to log in: its method. */
  readonly tried: string[];
  readonly #server: ssh2.Server;
  readonly #open: Set<Connection>;
  readonly #children: Set<ChildProcessWithoutNullStreams>;

  private constructor(
    parts: Pick<Ssh2Server, 'hostKeys' | 'tried'>,
    server: ssh2.Server,
    state: State,
  ) {
    this.port = (server.address() as AddressInfo).port;
    this.hostKeys = parts.hostKeys;
    this.tried = parts.tried;
    this.#server = server;
    this.#open = state.open;
    this.#children = state.children;
  }

  static async start(options: Ssh2ServerOptions = {}): Promise<Ssh2Server> {
    const hostKeys = options.hostKeys ?? [makeSsh2Keys('ed25519').private];
    const state: State = { open: new Set(), children: new Set(), tried: [] };
    const server = new ssh2.Server({ hostKeys: [...hostKeys] }, (connection) =>
      serve(connection, options, state),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const publicKeys = hostKeys.map((key) => textOfKey(parsed(key)));
    return new Ssh2Server({ hostKeys: publicKeys, tried: state.tried }, server, state);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const connection of this.#open) connection.end();
    const over = once(this.#server, 'close');
    this.#server.close();
    await over;
  }
}

interface State {
  readonly open: Set<Connection>;
  readonly children: Set<ChildProcessWithoutNullStreams>;
  readonly tried: string[];
}

function serve(connection: Connection, options: Ssh2ServerOptions, state: State): void {
  state.open.add(connection);
  connection.on('error', () => undefined);
  connection.on('close', () => state.open.delete(connection));
  connection.on('authentication', (context) => {
    state.tried.push(context.method);
    authenticate(context, options);
  });
  connection.on('session', (accept) => {
    accept().on('exec', (acceptExec, _reject, { command }) => {
      const child = spawn('sh', ['-c', command]);
      state.children.add(child);
      child.on('close', () => state.children.delete(child));
      connect(acceptExec(), child);
    });
  });
}

function connect(channel: ServerChannel, child: ChildProcessWithoutNullStreams): void {
  child.stdin.on('error', () => undefined);
  channel.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  // The client has gone.
  channel.on('close', () => child.kill('SIGHUP'));
  child.on('close', (status, signal) => {
    if (signal === null) channel.exit(status ?? 255);
    else channel.exit(signal.replace('SIG', ''));
    channel.end();
  });
}

function authenticate(context: AuthContext, options: Ssh2ServerOptions): void {
  const { userKey, password, questions } = options;
  const methods = [
    ...(userKey === undefined ? [] : (['publickey'] as const)),
    ...(questions === undefined ? [] : (['keyboard-interactive'] as const)),
    ...(password === undefined ? [] : (['password'] as const)),
  ];
  if (
    context.method === 'publickey' &&
    userKey !== undefined &&
    isSignedBy(context, parsed(userKey))
  ) {
    context.accept();
  } else if (
    context.method === 'password' &&
    password !== undefined &&
    context.password === password
  ) {
    context.accept();
  } else if (context.method === 'keyboard-interactive' && questions !== undefined) {
    const prompts = questions.map(({ prompt, echo }) => ({ prompt, echo }));
    context.prompt(prompts, 'a title', 'instructions', (answers) => {
      const isRight = questions.every(({ answer }, index) => answers[index] === answer);
      if (isRight) context.accept();
      else context.reject(methods);
    });
  } else {
    context.reject(methods);
  }
}

/** The first of two questions comes without a signature: whether the key would do. */
function isSignedBy(
  { key, blob, signature, hashAlgo }: PublicKeyAuthContext,
  user: ParsedKey,
): boolean {
  if (!user.getPublicSSH().equals(key.data)) return false;
  return (
    signature === undefined || blob === undefined || user.verify(blob, signature, hashAlgo) === true
  );
}

function parsed(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  const [first] = Array.isArray(key) ? key : [key];
  if (first === undefined) throw new Error('no key');
  return first;
}

function textOfKey(key: ParsedKey): string {
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}
