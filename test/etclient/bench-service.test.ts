import { expect, test } from 'vitest';
import type { PhaseResult } from '../../src/etclient/bench-phase.ts';
import { BenchService, type LinkState, type PhaseName } from '../../src/etclient/bench-service.ts';
import { BenchChannels } from '../../src/etserver/bench-channels.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { runTimed, type TimedLink } from '../mux/timed-run.ts';

/** 20 ms there and back, 1 MB/s each way. */
const LINK: TimedLink = { oneWayMs: 10, bytesPerMs: 1000, recordBytes: 4000 };
const TCP: LinkState = { label: 'tcp 192.0.2.7:60000', rttMs: 20 };
const SSH: LinkState = { label: 'ssh host', rttMs: 20 };

/** A client that measures a server, over a link in virtual time. */
class World {
  readonly pair = new MuxPair();
  readonly log: string[] = [];
  readonly results: { name: PhaseName; result: PhaseResult }[] = [];
  /** What was asked of the server, and on which stream. */
  readonly opened: string[] = [];
  link: LinkState | undefined = TCP;
  readonly service: BenchService;

  constructor(phaseMs = 1000) {
    this.pair.rttMs = 20;
    const benches = new BenchChannels();
    this.pair.onServerOpen = (incoming) => {
      const { do: what } = incoming.metadata as { do?: unknown };
      this.opened.push(`${String(what)} ${incoming.stream}`);
      benches.open(incoming);
    };
    this.service = new BenchService(
      { clock: this.pair.clock, mux: this.pair.client, link: () => this.link, phaseMs },
      {
        onBegin: (link) => this.#note(`begin ${link?.label}`),
        onPhase: (name, result) => {
          this.#note(name);
          this.results.push({ name, result });
        },
        onOver: (link, outageMs) => this.#note(`over ${link?.label} ${outageMs}`),
        onOutage: () => this.#note('outage'),
        onRecovered: (outageMs) => this.#note(`recovered ${outageMs}`),
        onFailed: (error, { code }) => this.#note(`failed ${code} ${error.code}`),
      },
    );
  }

  run(ms: number): void {
    runTimed(this.pair, LINK, ms);
  }

  /** `ms` in which nothing gets through. */
  cut(ms: number): void {
    this.service.onOutage();
    this.pair.clock.advance(ms);
    this.service.onRecovered();
  }

  phase(name: PhaseName): PhaseResult | undefined {
    return this.results.find((each) => each.name === name)?.result;
  }

  /** What happened, without when. */
  get words(): readonly string[] {
    return this.log.map((line) => line.replace(/^\d+ /u, ''));
  }

  #note(text: string): void {
    this.log.push(`${Math.round(this.pair.clock.now())} ${text}`);
  }
}

test('an idle link, each way, and both: what the link carries and how long it takes is what is measured', () => {
  const world = new World();
  world.service.onFirstLink();
  world.run(8000);
  const begin = 'begin tcp 192.0.2.7:60000';
  const over = 'over tcp 192.0.2.7:60000 0';
  expect(world.words).toEqual([begin, 'idle', 'down', 'up', 'both', over]);
  // A byte has a key's stream, and a load a command's.
  expect(world.opened).toEqual(['echo 0', 'send 1', 'receive 1', 'send 1', 'receive 1']);
  // A millisecond is a tick of this link.
  for (const { result } of world.results) expect(result.latencyMs?.min).toBeCloseTo(20, -0.8);
  expect(world.phase('idle')?.latencyMs?.max).toBeLessThan(23);
  // Bulk is behind a key in every queue but that of the record that has just begun.
  for (const { result } of world.results) expect(result.latencyMs?.p95).toBeLessThan(35);
  const { down, up, both } = Object.fromEntries(
    world.results.map(({ name, result }) => [name, result.bytesPerSecond]),
  );
  for (const rate of [down?.down, up?.up, both?.down, both?.up]) {
    expect(rate).toBeGreaterThan(900_000);
    // A record more than the link has in that time.
    expect(rate).toBeLessThan(1_005_000);
  }
  expect([down?.up, up?.down, world.phase('idle')?.bytesPerSecond]).toEqual([
    undefined,
    undefined,
    {},
  ]);
  world.run(100);
  expect(world.pair.clock.pending).toBe(0);
  expect(world.pair.client.bufferedBytes + world.pair.server.bufferedBytes).toBe(0);
});

test('an idle link says no more after 100 echoes', () => {
  const world = new World(10_000);
  world.service.onFirstLink();
  world.run(3000);
  const [begin, idle] = world.log.map((line) => Number(line.split(' ')[0]));
  expect(begin).toBe(0);
  expect(idle).toBeGreaterThan(2000);
  expect(idle).toBeLessThan(2400);
});

test('TCP is waited for, and measured as soon as it is there', () => {
  const world = new World();
  world.link = SSH;
  world.service.onFirstLink();
  world.run(500);
  expect(world.log).toEqual([]);
  world.link = TCP;
  world.run(60);
  expect(world.words).toEqual(['begin tcp 192.0.2.7:60000']);
});

test('where TCP does not come, ssh is measured after a second and some round trips', () => {
  const world = new World();
  world.link = SSH;
  world.service.onFirstLink();
  world.run(1000);
  expect(world.log).toEqual([]);
  world.run(200);
  expect(world.words).toEqual(['begin ssh host']);
});

test('an outage ends nothing: the echo on its way counts with it, and so does the time', () => {
  const world = new World();
  world.service.onFirstLink();
  world.run(1300);
  expect(world.words.at(-1)).toBe('idle');
  world.cut(5000);
  world.run(8000);
  expect(world.words.slice(2)).toEqual([
    'outage',
    'recovered 5000',
    'down',
    'up',
    'both',
    'over tcp 192.0.2.7:60000 5000',
  ]);
  expect(world.phase('down')?.latencyMs?.max).toBeGreaterThan(5000);
  expect(world.phase('up')?.latencyMs?.max).toBeLessThan(100);
});

test('an upload counts what has arrived over the time until it has, outage included', () => {
  const world = new World();
  world.service.onFirstLink();
  for (let ms = 0; ms < 5000 && world.words.at(-1) !== 'down'; ms += 1) world.run(1);
  world.run(500);
  world.cut(4000);
  world.run(4000);
  const rate = world.phase('up')?.bytesPerSecond.up ?? 0;
  // Of half a second in four and a half.
  expect(rate).toBeGreaterThan(80_000);
  expect(rate).toBeLessThan(250_000);
});

test('when it is given up, nothing of it is left at either end', () => {
  for (const ms of [0, 10, 500, 1100, 1500, 2500, 3500]) {
    const world = new World();
    world.service.onFirstLink();
    world.run(ms);
    world.service.restore();
    const said = world.log.length;
    world.run(3000);
    expect(world.log.length).toBe(said);
    expect(world.pair.clock.pending).toBe(0);
    expect(world.pair.client.bufferedBytes + world.pair.server.bufferedBytes).toBe(0);
  }
});

test('a server that does not know the kind is one failure, and nothing more is heard', () => {
  const world = new World();
  world.pair.onServerOpen = (incoming) => incoming.refuse(1, 'kind bench is not known');
  world.service.onFirstLink();
  world.run(3000);
  expect(world.words.slice(1)).toEqual(['failed 1 ET_ERR_CHANNEL_REFUSED']);
  expect(world.pair.clock.pending).toBe(0);
});

test('a channel that the server breaks in the middle is one failure', () => {
  const world = new World();
  world.pair.onServerOpen = (incoming) => {
    const { do: what } = incoming.metadata as { do?: unknown };
    const channel = incoming.accept(
      {},
      {
        onData: (bytes) => {
          channel.consumed(bytes.length);
          if (what === 'echo') channel.write(bytes);
          else channel.reset(8, 'no more');
        },
      },
      { priority: 'bulk' },
    );
    if (what === 'send') channel.reset(8, 'no more');
  };
  world.service.onFirstLink();
  world.run(3000);
  expect(world.words.slice(1)).toEqual(['idle', 'failed 8 ET_ERR_CHANNEL_RESET']);
});
