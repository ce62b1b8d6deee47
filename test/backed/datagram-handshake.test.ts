import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { type RunningHandshake, shakeHands } from '../../src/backed/link-dial.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { DatagramHub } from '../../src/etserver/datagram-hub.ts';
import {
  HANDSHAKE_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  MAX_HALF_OPEN_HANDSHAKES,
  REFUSED,
} from '../../src/wire/limits.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { type MemoryPair, makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { AcceptorBench } from './acceptor-bench.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

/** A client that shakes hands with a server over datagrams, some of which are lost. */
class Attempt {
  readonly bench: AcceptorBench = new AcceptorBench();
  readonly pair: MemoryPair;
  readonly handshake: RunningHandshake;
  readonly log: string[] = [];
  helloCount = 0;
  readonly helloBytes: number[] = [];
  linkedMs: number | undefined;
  link: SecureLink | undefined;

  constructor(faults: LinkFaults, seed = 1, padBytes?: number) {
    const { clock, passkey, acceptor, crypto } = this.bench;
    this.pair = makeMemoryPair({
      clock,
      random: new SeededRandom(seed),
      kind: 'datagrams',
      aToB: faults,
      bToA: faults,
    });
    const hub = new DatagramHub(clock, { onCarrier: (carrier) => acceptor.accept(carrier) });
    const way = {
      label: 'udp 10.0.0.1:1',
      host: '10.0.0.1',
      send: (pieces: readonly Uint8Array[]) => this.pair.b.write(pieces),
    };
    this.pair.b.start({
      onBytes: (datagram) => {
        this.helloBytes.push(datagram.length);
        hub.receive(datagram, way);
      },
      onClose: () => undefined,
    });
    const options = {
      clock,
      crypto: {
        ...crypto,
        startClient: (...args: Parameters<typeof crypto.startClient>) => {
          this.helloCount += 1;
          return crypto.startClient(...args);
        },
      },
      context: { sessionId: pattern(16), protocol: 1, features: [] },
      routeId: () => new Uint8Array(16),
      instance: pattern(16, 1000),
      keys: ClientKeys.fromPasskey(passkey.slice()),
      padBytes,
      isNoRoute: (error: unknown) => error instanceof EtError && error.message === 'no network',
    };
    this.handshake = shakeHands(options, this.pair.a, (result) => {
      if (result.kind === 'failed') {
        this.log.push(`${result.error.code} ${result.noRoute}`);
        return;
      }
      this.linkedMs = clock.now();
      this.link = result.link;
      this.log.push('link');
    });
  }

  /** Says something on the link, and tells whether the server has a link with this number then. */
  joins(): boolean {
    this.link?.attach({ onRecord: () => undefined, onClose: () => undefined });
    this.pair.set('both', { loss: 0 });
    this.link?.seal(0, Uint8Array.of(1));
    this.bench.clock.advance(1000);
    return this.bench.joined.some(({ link }) => link.id === this.link?.id);
  }

  finish(): number {
    this.handshake.cancel();
    this.link?.reset();
    this.bench.acceptor.close();
    this.bench.clock.advance(1000);
    return this.bench.clock.pending;
  }
}

test('one hello and one answer make a link within a round trip', () => {
  const attempt = new Attempt({ delayMs: 40 });
  attempt.bench.clock.advance(200);
  expect(attempt.linkedMs).toBe(80);
  expect(attempt.helloCount).toBe(1);
  expect(attempt.link?.handshakeMs).toBe(80);
  expect(attempt.joins()).toBe(true);
  expect(attempt.finish()).toBe(0);
});

test.each([
  { lossPercent: 30, halfWithinMs: 400, least: 0.98 },
  { lossPercent: 60, halfWithinMs: 4000, least: 0.7 },
])(
  'with $lossPercent % lost each way half of the links are there within $halfWithinMs ms',
  (row) => {
    const tookMs: number[] = [];
    for (let seed = 1; seed <= 200; seed += 1) {
      const attempt = new Attempt({ delayMs: 50, loss: row.lossPercent / 100 }, seed);
      while (attempt.log.length === 0) attempt.bench.clock.advance(50);
      if (attempt.linkedMs !== undefined) {
        tookMs.push(attempt.linkedMs);
        expect(attempt.joins()).toBe(true);
        // Of the very hello that was answered.
        expect(attempt.link?.handshakeMs).toBe(100);
      } else expect(attempt.log).toEqual(['ET_ERR_LINK_TIMEOUT false']);
      expect(attempt.helloCount).toBeLessThanOrEqual(MAX_HALF_OPEN_HANDSHAKES);
      expect(attempt.finish()).toBe(0);
    }
    tookMs.sort((a, b) => a - b);
    expect(tookMs.length).toBeGreaterThanOrEqual(200 * row.least);
    expect(tookMs[100]).toBeLessThanOrEqual(row.halfWithinMs);
  },
);

test('a path with a round trip of seconds is reached too, and a late answer to another hello is nothing', () => {
  const attempt = new Attempt({ delayMs: 1500 });
  attempt.bench.clock.advance(3000);
  expect(attempt.linkedMs).toBe(3000);
  expect(attempt.link?.id).toBe(1);
  expect(attempt.link?.handshakeMs).toBe(3000);
  let records = 0;
  attempt.link?.attach({
    onRecord: () => {
      records += 1;
    },
    onClose: () => attempt.log.push('closed'),
  });
  attempt.bench.clock.advance(5000);
  expect(attempt.log).toEqual(['link']);
  expect(records).toBe(0);
  expect(attempt.joins()).toBe(false);
  attempt.bench.clock.advance(5000);
  expect(attempt.bench.joined.map(({ link }) => link.id)).toEqual([1]);
  expect(attempt.finish()).toBe(0);
});

test('of eight hellos the last is sent 8 s after the first', () => {
  const attempt = new Attempt({ loss: 1 });
  const sentMs: number[] = [];
  while (attempt.log.length === 0) {
    if (attempt.helloCount > sentMs.length) sentMs.push(attempt.bench.clock.now());
    attempt.bench.clock.step();
  }
  expect(sentMs).toEqual([0, 250, 500, 1000, 2000, 3500, 5500, 8000]);
  expect(attempt.finish()).toBe(0);
});

test('an answer that arrives twice makes one link', () => {
  const attempt = new Attempt({ delayMs: 10, duplicate: 1 });
  attempt.bench.clock.advance(100);
  expect(attempt.log).toEqual(['link']);
  expect(attempt.bench.answerCount).toBe(1);
  expect(attempt.joins()).toBe(true);
  expect(attempt.finish()).toBe(0);
});

test('what is no answer is not there, whoever sent it', () => {
  const attempt = new Attempt({ loss: 1 });
  for (const junk of [REFUSED, pattern(600), pattern(HANDSHAKE_BYTES.datagrams), pattern(1400)]) {
    attempt.pair.set('bToA', { loss: 0 });
    attempt.pair.b.write([junk]);
  }
  attempt.bench.clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  expect(attempt.log).toEqual([]);
  attempt.bench.clock.advance(1);
  expect(attempt.log).toEqual(['ET_ERR_LINK_TIMEOUT false']);
  expect(attempt.finish()).toBe(0);
});

test.each([
  [255, ['link']],
  [256, []],
])(
  'behind %i datagrams of rubbish an answer counts as %j: each costs a Diffie-Hellman',
  (rubbish, log) => {
    const attempt = new Attempt({ delayMs: 10 });
    for (let i = 0; i < rubbish; i += 1)
      attempt.pair.b.write([pattern(HANDSHAKE_BYTES.datagrams, i)]);
    attempt.bench.clock.advance(100);
    expect(attempt.log).toEqual(log);
    attempt.handshake.cancel();
  },
);

test('whoever gives it up leaves nothing, neither timers nor hellos', () => {
  const attempt = new Attempt({ delayMs: 1000 });
  attempt.bench.clock.advance(600);
  attempt.handshake.cancel();
  const sent = attempt.helloCount;
  attempt.bench.clock.advance(20_000);
  expect(attempt.log).toEqual([]);
  expect(attempt.helloCount).toBe(sent);
  expect(attempt.finish()).toBe(0);
});

test('a carrier that has no route fails at once, and says so', () => {
  const { clock, crypto, passkey } = new AcceptorBench();
  const carrier = new RecordingCarrier('datagrams');
  const told: unknown[] = [];
  const options = {
    clock,
    crypto,
    context: { sessionId: pattern(16), protocol: 1, features: [] },
    routeId: () => new Uint8Array(16),
    instance: pattern(16),
    keys: ClientKeys.fromPasskey(passkey),
    isNoRoute: () => true,
  };
  shakeHands(options, carrier, (result) => told.push(result));
  const error = new EtError('ET_ERR_DIAL', 'no network');
  carrier.feedEnd(error);
  expect(told).toEqual([{ kind: 'failed', error, noRoute: true }]);
  expect(clock.pending).toBe(0);
});

test('who pads has hellos of that length, and a link that knows it at both ends', () => {
  for (const padBytes of [256, 900, 1400]) {
    const attempt = new Attempt({ delayMs: 5 }, 1, padBytes);
    attempt.bench.clock.advance(100);
    expect(attempt.helloBytes[0]).toBe(padBytes);
    expect(attempt.link?.padBytes).toBe(padBytes);
    expect(attempt.joins()).toBe(true);
    expect(attempt.bench.joined[0]?.link.padBytes).toBe(padBytes);
    expect(attempt.finish()).toBe(0);
  }
});
