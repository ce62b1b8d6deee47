import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { KeySet } from '../../src/backed/key-set.ts';
import { shakeHands } from '../../src/backed/link-dial.ts';
import { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { DEFAULT_LIFETIME } from '../../src/etserver/lifetime.ts';
import { SessionServer } from '../../src/etserver/session-server.ts';
import { Shell } from '../../src/etserver/shell.ts';
import { WorkStarter } from '../../src/etserver/work-starter.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { Mux } from '../../src/mux/mux.ts';
import type { Pty, PtyEvents } from '../../src/process/pty.ts';
import { ScreenFeed } from '../../src/terminal/screen-feed.ts';
import type { ScreenModel, ScreenModelOptions } from '../../src/terminal/screen-model.ts';
import { ShellFacts } from '../../src/terminal/shell-facts.ts';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { cheapCrypto } from '../backed/cheap-crypto.ts';
import { type MemoryPair, makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HISTORY_BYTES: number = 64 * 1024 * 1024;

/** A shell whose output and end the test says. */
export class ScriptedWork extends WorkStarter {
  events: PtyEvents | undefined;
  isPaused = true;
  starts = 0;
  writableBytes = 4096;
  typed = '';
  readonly sizes: string[] = [];

  constructor(clock: VirtualClock) {
    super({
      clock,
      inherited: {},
      shell: { file: '/bin/sh', argv0: '-sh' },
      home: '/',
      version: '0',
      sessionId: '00',
      motd: () => '',
      openFiles: undefined,
      isLocal: true,
    });
  }

  override startShell(shell: Shell): string {
    this.starts += 1;
    const room = (): number => this.writableBytes;
    const pty: Pty = {
      path: '/dev/pts/0',
      pid: 1,
      batchBytes: 4096,
      get writableBytes() {
        return room();
      },
      queued: 0,
      write: (bytes) => {
        this.typed += Buffer.from(bytes).toString('latin1');
      },
      resize: (columns, rows) => this.sizes.push(`${columns}x${rows}`),
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      signal: () => true,
      close: () => undefined,
    };
    shell.start((events) => {
      this.events = events;
      return pty;
    }, new Uint8Array());
    return 'sh';
  }

  print(text: string): void {
    this.events?.onData(utf8(text));
  }

  exit(status: number): void {
    this.events?.onExit({ status, signal: undefined });
  }
}

/** One client process, with a terminal channel open. */
export class Client {
  readonly session: Session;
  readonly mux: Mux;
  channel!: Channel;
  readonly resets: string[] = [];
  end: SessionEnd | undefined;
  text = '';
  readonly notes: unknown[] = [];
  accepted: Readonly<Record<string, unknown>> | undefined;
  isReading = true;
  /** Dials that came to nothing. */
  refusals = 0;
  /** How much had come before each note. */
  readonly notedAt: number[] = [];

  /** `metadata`: of the terminal channel, beside what it always has; `hasTerminal`: whether it opens one. */
  constructor(
    clock: VirtualClock,
    metadata: Readonly<Record<string, unknown>> = {},
    hasTerminal = true,
  ) {
    this.session = new Session('client', clock, silentLogger, {
      onLink: () => undefined,
      onEnd: (end) => {
        this.end = end;
        this.mux.close();
      },
    });
    this.mux = new Mux({
      role: 'client',
      clock,
      transport: this.session,
      hasDatagrams: false,
      events: { onOpen: () => undefined },
    });
    this.session.attach(this.mux);
    if (hasTerminal) this.openTerminal(metadata);
  }

  openTerminal(metadata: Readonly<Record<string, unknown>> = {}): void {
    this.channel = this.mux.open(
      {
        kind: 'terminal',
        metadata: { mode: 'rw', columns: 80, rows: 24, request: 2, ...metadata },
        priority: 'terminal',
      },
      {
        onAccept: (accepted) => {
          this.accepted = accepted;
        },
        onData: (bytes) => {
          this.text += Buffer.from(bytes).toString('latin1');
          if (!this.isReading) return;
          this.channel.consumed(bytes.length);
        },
        onReset: (_error, { text }) => this.resets.push(text),
        onNote: (body) => {
          this.notes.push(body);
          this.notedAt.push(this.text.length);
        },
      },
    );
    this.channel.write(utf8('{}'));
  }
}

/** Draws what it was fed, and answers `?`. */
function fakeModel({ onAnswer }: ScreenModelOptions, host: Host): ScreenModel {
  let fed = '';
  const model: Partial<ScreenModel> = {
    write: (bytes) => {
      fed += Buffer.from(bytes).toString('latin1');
      if (Buffer.from(bytes).includes('\u001b[c')) onAnswer?.(utf8('\u001b[?1;2c'));
    },
    whenParsed: () => Promise.resolve(),
    resize: (columns, rows) => host.modelSizes.push(`${columns}x${rows}`),
    paint: () => utf8(`<${fed.length}>${host.padding}`),
    close: () => undefined,
  };
  return model as ScreenModel;
}

export class Host {
  readonly clock: VirtualClock = new VirtualClock();
  readonly work: ScriptedWork = new ScriptedWork(this.clock);
  readonly server: SessionServer;
  isOver = false;
  /** At the end of each painting. */
  padding = '';
  /** Of the screen model, from the one it was loaded with on. */
  readonly modelSizes: string[] = [];
  readonly links: MemoryPair[] = [];
  readonly #random = new SeededRandom(1);
  readonly #context = { sessionId: this.#random.bytes(16), protocol: 1, features: [] };
  readonly #passkey = this.#random.bytes(32);
  readonly #keys = ClientKeys.fromPasskey(this.#passkey.slice());

  constructor() {
    this.server = new SessionServer({
      clock: this.clock,
      logger: silentLogger,
      crypto: cheapCrypto,
      random: this.#random,
      keys: new KeySet(new KeyRing(this.#passkey.slice(), this.#random.bytes(32))),
      makeShell: (onOver) => {
        const log = new TerminalLog({ historyBytes: HISTORY_BYTES, memoryBytes: HISTORY_BYTES });
        return new Shell({
          clock: this.clock,
          log,
          facts: new ShellFacts(),
          onOver,
          makeScreen: (shell) =>
            new ScreenFeed({
              clock: this.clock,
              log,
              historyBytes: HISTORY_BYTES,
              load: async (asked) => {
                this.modelSizes.push(`${asked.columns}x${asked.rows}`);
                return fakeModel(asked, this);
              },
              onAnswer: (bytes) => shell.answer(bytes),
              onProgress: () => shell.decide(),
              onBroken: () => undefined,
            }),
        });
      },
      ...this.#context,
      lifetime: DEFAULT_LIFETIME,
      work: this.work,
      makeForwards: () => {
        throw new Error('no forwards here');
      },
      onOver: () => {
        this.isOver = true;
      },
    });
  }

  client(metadata?: Readonly<Record<string, unknown>>): Client {
    return new Client(this.clock, metadata);
  }

  /** The root secret of the client that began the session: what a file of credentials holds. */
  get root(): Uint8Array {
    return (this.#keys.root as Uint8Array).slice();
  }

  /** Lets what waits for a promise go on, and time pass. */
  async settle(ms = 1000): Promise<void> {
    for (let index = 0; index < 50; index += 1) await Promise.resolve();
    this.clock.advance(ms);
    for (let index = 0; index < 50; index += 1) await Promise.resolve();
    this.clock.advance(1);
  }

  /** A link for `client`, which is the client process `instance`. */
  connect(client: Client, instance: number, keys: ClientKeys = this.#keys): MemoryPair {
    const pair = makeMemoryPair({ clock: this.clock, random: this.#random, kind: 'bytes' });
    this.server.accept(pair.b);
    shakeHands(
      {
        clock: this.clock,
        crypto: cheapCrypto,
        context: this.#context,
        routeId: () => new Uint8Array(16),
        instance: new Uint8Array(16).fill(instance),
        keys,
        isNoRoute: () => false,
      },
      pair.a,
      (result) => {
        if (result.kind === 'link') client.session.addLink(result.link);
        else client.refusals += 1;
      },
    );
    this.clock.advance(1000);
    this.links.push(pair);
    return pair;
  }
}
