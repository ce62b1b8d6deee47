import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { shakeHands } from '../../src/backed/link-dial.ts';
import { Session } from '../../src/backed/session.ts';
import type { SessionEnd } from '../../src/backed/session-events.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { DEFAULT_LIFETIME } from '../../src/etserver/lifetime.ts';
import { SessionServer } from '../../src/etserver/session-server.ts';
import type { Shell } from '../../src/etserver/shell.ts';
import { WorkStarter } from '../../src/etserver/work-starter.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { Mux } from '../../src/mux/mux.ts';
import type { Pty, PtyEvents } from '../../src/process/pty.ts';
import { cheapCrypto } from '../backed/cheap-crypto.ts';
import { type MemoryPair, makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A shell whose output and end the test says. */
class ScriptedWork extends WorkStarter {
  events: PtyEvents | undefined;
  isPaused = true;

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
    const pty: Pty = {
      path: '/dev/pts/0',
      pid: 1,
      batchBytes: 4096,
      writableBytes: 4096,
      queued: 0,
      write: () => undefined,
      resize: () => undefined,
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
class Client {
  readonly session: Session;
  readonly mux: Mux;
  readonly channel: Channel;
  end: SessionEnd | undefined;
  text = '';
  readonly notes: unknown[] = [];

  constructor(clock: VirtualClock) {
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
    this.channel = this.mux.open(
      {
        kind: 'terminal',
        metadata: { mode: 'rw', columns: 80, rows: 24, request: 2 },
        priority: 'terminal',
      },
      {
        onData: (bytes) => {
          this.text += Buffer.from(bytes).toString('latin1');
          this.channel.consumed(bytes.length);
        },
        onNote: (body) => this.notes.push(body),
      },
    );
    this.channel.write(utf8('{}'));
  }
}

class Host {
  readonly clock: VirtualClock = new VirtualClock();
  readonly work: ScriptedWork = new ScriptedWork(this.clock);
  readonly server: SessionServer;
  isOver = false;
  readonly #random = new SeededRandom(1);
  readonly #context = { sessionId: this.#random.bytes(16), protocol: 1, features: [] };
  readonly #passkey = this.#random.bytes(32);
  readonly #keys = ClientKeys.fromPasskey(this.#passkey.slice());

  constructor() {
    this.server = new SessionServer({
      clock: this.clock,
      logger: silentLogger,
      crypto: cheapCrypto,
      keys: new KeyRing(this.#passkey.slice(), this.#random.bytes(32)),
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

  client(): Client {
    return new Client(this.clock);
  }

  /** A link for `client`, which is the client process `instance`. */
  connect(client: Client, instance: number): MemoryPair {
    const pair = makeMemoryPair({ clock: this.clock, random: this.#random, kind: 'bytes' });
    this.server.accept(pair.b);
    shakeHands(
      {
        clock: this.clock,
        crypto: cheapCrypto,
        context: this.#context,
        routeId: () => new Uint8Array(16),
        instance: new Uint8Array(16).fill(instance),
        keys: this.#keys,
        isNoRoute: () => false,
      },
      pair.a,
      (result) => {
        if (result.kind === 'link') client.session.addLink(result.link);
      },
    );
    this.clock.advance(1000);
    return pair;
  }
}

test('a status that was there while nobody was is kept for a day, though it was in the session', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1).cut();
  host.clock.advance(10_000);
  host.work.print('last words');
  host.work.exit(3);
  host.clock.advance(8 * HOUR_MS);
  expect(host.isOver).toBe(false);
  host.connect(client, 1);
  expect([client.text, client.notes]).toEqual(['last words', [{ exit: 3 }]]);
  client.session.end(0, '');
  host.clock.advance(1000);
  expect(host.isOver).toBe(true);
});

test('the status comes after the last byte, however much waits for a client that is away', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1).cut();
  host.clock.advance(10_000);
  // Many times what the channel takes before its client reads.
  for (let index = 0; index < 200; index += 1) host.work.print('y'.repeat(5000));
  host.work.exit(4);
  host.connect(client, 1);
  host.clock.advance(10_000);
  expect([client.text.length, client.notes]).toEqual([1_000_000, [{ exit: 4 }]]);
});

test('a status that nobody ever takes is kept for a day and no longer', () => {
  const host = new Host();
  host.connect(host.client(), 1).cut();
  host.clock.advance(10_000);
  host.work.exit(0);
  host.clock.advance(23 * HOUR_MS);
  expect(host.isOver).toBe(false);
  host.clock.advance(2 * HOUR_MS);
  expect(host.isOver).toBe(true);
});

test('a client that has its status and says nothing is waited for a quarter of an hour', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1);
  host.work.exit(0);
  host.clock.advance(1000);
  expect(client.notes).toEqual([{ exit: 0 }]);
  host.clock.advance(14 * MINUTE_MS);
  expect(host.isOver).toBe(false);
  host.clock.advance(2 * MINUTE_MS);
  expect(host.isOver).toBe(true);
});

test('a client that has gone without a word does not hold up the shell of the one that attached', () => {
  const host = new Host();
  const gone = host.client();
  host.connect(gone, 1).blackHole('both');
  const here = host.client();
  host.connect(here, 2);
  const line = `${'x'.repeat(32_767)}\n`;
  let printed = 0;
  // More than the log holds.
  for (let index = 0; index < 3000; index += 1) {
    if (host.work.isPaused) host.clock.advance(5);
    if (host.work.isPaused) host.clock.advance(60_000);
    if (host.work.isPaused) break;
    host.work.print(line);
    printed += line.length;
    host.clock.advance(5);
  }
  host.clock.advance(60_000);
  expect(printed).toBe(3000 * line.length);
  expect(here.text.length).toBe(printed);
  // Should it come back after all, it is told what it has missed.
  host.connect(gone, 1);
  host.clock.advance(60_000);
  const [{ skipped }] = gone.notes as [{ skipped: number }];
  expect(gone.text.length + skipped).toBe(printed);
});

test('what a client says about a bench is checked: wrong metadata is refused with code 4, the rest is served', () => {
  const host = new Host();
  const client = host.client();
  host.connect(client, 1);
  const answers: unknown[] = [];
  for (const metadata of [{}, { do: 'send', bytes: '5' }, { do: 'echo' }]) {
    client.mux.open(
      { kind: 'bench', metadata, priority: 'interactive' },
      {
        onData: () => undefined,
        onAccept: () => answers.push('accepted'),
        onRefuse: (_error, { code }) => answers.push(code),
      },
    );
    host.clock.advance(1000);
  }
  expect(answers).toEqual([4, 4, 'accepted']);
  client.session.end(0, '');
  host.clock.advance(1000);
  expect(host.isOver).toBe(true);
});
