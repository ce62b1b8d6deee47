import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { RouterRegistration } from '../../src/etserver/router-registration.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const CLAIM = `/run/x/claims/${'0'.repeat(32)}`;
const SECRET = new Uint8Array(32).fill(0xab);

/** A connection to a router that a test plays. */
class Connection implements Carrier {
  readonly kind = 'bytes';
  readonly label = 'router';
  readonly localAddress = undefined;
  readonly queuedBytes = 0;
  readonly heard: Record<string, unknown>[] = [];
  isOver = false;
  #events: CarrierEvents | undefined;

  start(events: CarrierEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.heard.push(JSON.parse(Buffer.from(piece).toString()));
  }

  close(): void {
    this.reset();
  }

  reset(): void {
    this.isOver = true;
    this.#events = undefined;
  }

  say(...lines: object[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    this.#events?.onBytes(Buffer.from(text));
  }

  break(): void {
    this.isOver = true;
    const events = this.#events;
    this.#events = undefined;
    events?.onClose(undefined);
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly connections: Connection[] = [];
  /** When dials came, in ms. */
  readonly dialledMs: number[] = [];
  readonly directories: string[] = [];
  readonly carriers: Carrier[] = [];
  /** What comes for the datagrams was told so. */
  readonly datagrams: string[] = [];
  isRouterThere = true;
  mayMakeDirectories = true;
  readonly registration: RouterRegistration;

  constructor(seed = 1) {
    this.registration = new RouterRegistration({
      clock: this.clock,
      random: new SeededRandom(seed),
      dial: () => {
        this.dialledMs.push(this.clock.now());
        if (!this.isRouterThere) return Promise.reject(new EtError('ET_ERR_DIAL', 'refused'));
        const connection = new Connection();
        this.connections.push(connection);
        return Promise.resolve(connection);
      },
      claimsDirectory: '/run/x/claims',
      makeDirectory: (path) => {
        if (!this.mayMakeDirectories) throw new Error('EACCES');
        this.directories.push(path);
      },
      removeDirectory: (path) => this.directories.splice(this.directories.indexOf(path), 1),
      onCarrier: (carrier) => this.carriers.push(carrier),
      datagrams: {
        begin: (token) => this.datagrams.push(`begin ${token}`),
        end: () => this.datagrams.push('end'),
        setLinkId: (id, isOurs) => this.datagrams.push(`${toHex(id)} ${isOurs}`),
      },
    });
  }

  get last(): Connection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody has dialled');
    return connection;
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
  }

  async advance(ms: number): Promise<void> {
    for (let i = 0; i < ms; i += 1) {
      this.clock.advance(1);
      await this.settle();
    }
  }

  /** Plays the router to a connection that has just come. */
  accept(): void {
    this.last.say({ claim: CLAIM });
    this.last.say({ registered: 1, port: 2022 });
  }

  async registered(): Promise<void> {
    const started = this.registration.start(SECRET, 300);
    await this.settle();
    this.accept();
    expect(await started).toBe(true);
  }
}

test('it shows its secret and whose it is, knows the port, and has no timer from then on', async () => {
  const world = new World();
  const started = world.registration.start(SECRET, 300);
  await world.settle();
  expect(world.last.heard).toEqual([{ register: [toHex(SECRET)] }]);
  world.last.say({ claim: CLAIM });
  expect(world.directories).toEqual([CLAIM]);
  expect(world.last.heard[1]).toEqual({ claimed: true });
  world.last.say({ registered: 1, port: 2022 });
  expect(await started).toBe(true);
  expect(world.directories).toEqual([]);
  expect([world.registration.port, world.registration.isRegistered]).toEqual([2022, true]);
  expect(world.clock.pending).toBe(0);
});

test.each<[string, (world: World) => void | Promise<void>]>([
  ['that says nothing', (world) => world.advance(300)],
  ['that has no room', ({ last }) => last.say({ error: 'too many routes are registered' })],
  ['that asks for a directory elsewhere', ({ last }) => last.say({ claim: '/home/me/.ssh' })],
  ['that asks for a directory above', ({ last }) => last.say({ claim: '/run/x/claims/../evil' })],
  [
    'whose directory cannot be made',
    (world) => {
      world.mayMakeDirectories = false;
      world.last.say({ claim: CLAIM });
    },
  ],
  ['that breaks off', ({ last }) => last.break()],
  ['that stops in the middle', ({ last }) => last.say({ claim: CLAIM })],
])('a router %s is done without: nothing of it stays', async (name, behave) => {
  const world = new World();
  const started = world.registration.start(SECRET, 300);
  await world.settle();
  await behave(world);
  if (name.includes('middle')) await world.advance(300);
  expect(await started).toBe(false);
  expect(world.last.isOver).toBe(true);
  expect(world.directories).toEqual([]);
  expect(world.clock.pending).toBe(0);
});

test('a router that is not there is done without at once', async () => {
  const world = new World();
  world.isRouterThere = false;
  expect(await world.registration.start(SECRET, 300)).toBe(false);
  expect(world.clock.pending).toBe(0);
});

test('it comes for a client when it is asked, each time over a connection of its own', async () => {
  const world = new World();
  await world.registered();
  world.last.say({ dial: 'one' }, { dial: 'two' });
  await world.settle();
  expect(world.carriers).toEqual(world.connections.slice(1));
  expect(world.connections.slice(1).map(({ heard }) => heard)).toEqual([
    [{ take: 'one' }],
    [{ take: 'two' }],
  ]);
});

test('a lost router is looked for at once, then ever more rarely, for ever, and has all secrets again', async () => {
  const world = new World();
  await world.registered();
  const more = Array.from({ length: 64 }, (_, i) => new Uint8Array(32).fill(i));
  const added = world.registration.add(more.slice(0, 32));
  world.last.say({ registered: 32, port: 2022 });
  await added;
  const addedLater = world.registration.add(more.slice(32));
  world.last.say({ registered: 32, port: 2022 });
  await addedLater;
  world.registration.remove(more.slice(0, 1));
  const lostMs = world.clock.now();
  world.isRouterThere = false;
  world.last.break();
  await world.advance(60_000);
  const waits = world.dialledMs.slice(1).map((ms, i, all) => ms - (all[i - 1] ?? lostMs));
  expect(waits[0]).toBeLessThanOrEqual(200);
  for (const [i, most] of [250, 500, 1000, 2000].entries()) {
    expect(waits[i + 1]).toBeGreaterThanOrEqual(0.75 * most);
    expect(waits[i + 1]).toBeLessThanOrEqual(1.25 * most + 1);
  }
  for (const wait of waits.slice(5)) {
    expect(wait).toBeGreaterThanOrEqual(3750);
    expect(wait).toBeLessThanOrEqual(6251);
  }
  expect(waits.length).toBeGreaterThan(12);

  world.isRouterThere = true;
  while (world.connections.length === 1) await world.advance(1);
  const { last } = world;
  last.say({ claim: CLAIM });
  last.say({ registered: 32, port: 2023 });
  last.say({ registered: 32, port: 2023 });
  const shown = last.heard.flatMap(({ register }) => (Array.isArray(register) ? register : []));
  expect(new Set(shown)).toEqual(new Set([SECRET, ...more.slice(1)].map(toHex)));
  expect(world.registration.isRegistered).toBe(true);
  expect(world.registration.port).toBe(2023);
  expect(world.clock.pending).toBe(0);
});

test('a thousand session servers do not all come at once', async () => {
  const firstMs = await Promise.all(
    Array.from({ length: 1000 }, async (_, seed) => {
      const world = new World(seed);
      await world.registered();
      const lostMs = world.clock.now();
      world.last.break();
      world.clock.advance(200);
      await world.settle();
      return (world.dialledMs[1] ?? Number.NaN) - lostMs;
    }),
  );
  const inTenth = (i: number): number =>
    firstMs.filter((ms) => ms >= i * 20 && ms < (i + 1) * 20).length;
  for (let i = 0; i < 10; i += 1) expect(inTenth(i)).toBeGreaterThan(50);
});

test('a router that has no room, or is away, leaves what was there as it was', async () => {
  const world = new World();
  await world.registered();
  const more = [new Uint8Array(32).fill(1)];
  const refused = world.registration.add(more);
  world.last.say({ error: 'too many routes are registered' });
  await expect(refused).rejects.toThrow('too many routes');
  const lost = world.registration.add(more);
  world.last.break();
  await expect(lost).rejects.toThrow('the router is away');
  await expect(world.registration.add(more)).rejects.toThrow('the router is away');
  expect(world.registration.secretCount).toBe(1);
});

test('a router that stops answering is left, and looked for again', async () => {
  const world = new World();
  await world.registered();
  const first = world.last;
  const added = world.registration.add([new Uint8Array(32)]);
  const failed = expect(added).rejects.toThrow('the router is away');
  await world.advance(5000);
  await failed;
  expect(first.isOver).toBe(true);
  await world.advance(200);
  expect(world.connections).toHaveLength(2);
});

test('closed, it is gone, whatever was under way', async () => {
  const world = new World();
  await world.registered();
  world.last.say({ dial: 'late' });
  world.registration.close();
  await world.settle();
  expect(world.carriers).toEqual([]);
  expect(world.connections.every(({ isOver }) => isOver)).toBe(true);
  expect(world.clock.pending).toBe(0);
});

test('it comes for its datagrams where the router has some, says at which port, and no more once the router is gone', async () => {
  const world = new World();
  const started = world.registration.start(SECRET, 300);
  await world.settle();
  expect(world.registration.udpPort).toBe(0);
  world.last.say({ claim: CLAIM }, { registered: 1, port: 2022, datagrams: 'abc' });
  expect(await started).toBe(true);
  expect([world.registration.udpPort, world.datagrams]).toEqual([2022, ['begin abc']]);
  world.registration.setLinkId(Uint8Array.of(0xc1, 0, 0, 0, 0, 0, 0, 9), true);
  world.last.break();
  expect(world.datagrams.slice(1)).toEqual(['c100000000000009 true', 'end']);
  await world.advance(300);
  world.accept();
  // The next router has none.
  expect([world.registration.udpPort, world.datagrams.length]).toEqual([0, 3]);
  world.registration.close();
  expect(world.datagrams.at(-1)).toBe('end');
});
