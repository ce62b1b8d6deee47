import { describe, expect, test } from 'vitest';
import { MAX_RECORD_BYTES } from '../../src/wire/limits.ts';
import { WIRE } from './both-ways.ts';
import { cheapCrypto } from './cheap-crypto.ts';
import { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

describe('sending', () => {
  test('gives way after 256 KiB, so that the peer works meanwhile', () => {
    const pair = new SessionPair();
    pair.client.script.isKeeping = false;
    pair.server.script.isKeeping = false;
    pair.join();
    pair.client.script.write(1, new Uint8Array(64 * 1024 * 1024));
    // Long enough for startup to have opened the window.
    pair.runUntil(() => pair.server.script.receivedBytes(1) > 32 * 1024 * 1024);
    let most = 0;
    let before = pair.client.session.writers[1]?.next ?? 0;
    while (before < 60 * 1024 * 1024) {
      pair.clock.step();
      const next = pair.client.session.writers[1]?.next ?? 0;
      most = Math.max(most, next - before);
      before = next;
    }
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThanOrEqual(262_144 + MAX_RECORD_BYTES);
    expect(pair.finish()).toBe(0);
  });

  test('goes on after input and output had their turn, without waiting for the peer', () => {
    const pair = new SessionPair(1, cheapCrypto);
    pair.server.script.isKeeping = false;
    const { link } = pair.join(WIRE);
    pair.client.script.write(1, new Uint8Array(64 * 1024 * 1024));
    pair.runUntil(
      () => link.room(true, pair.clock.now()) + link.sent.inFlightBytes > 4 * 1024 * 1024,
    );
    pair.runUntil(() => link.sent.inFlightBytes === 0 && pair.client.script.ready === 0);
    const before = pair.client.session.writers[1]?.next ?? 0;
    pair.client.script.write(1, new Uint8Array(2 * 1024 * 1024));
    pair.clock.advance(40);
    expect((pair.client.session.writers[1]?.next ?? 0) - before).toBeGreaterThan(1024 * 1024);
    expect(pair.finish()).toBe(0);
  });

  test('a key on stream 0 does not wait behind bulk on stream 1', () => {
    const pair = new SessionPair();
    pair.server.script.isKeeping = false;
    const line = { delayMs: 50, bytesPerSecond: 1e6 };
    pair.join({ aToB: line, bToA: line });
    pair.client.script.write(1, new Uint8Array(20e6));
    pair.clock.advance(4000);
    const delaysMs: number[] = [];
    for (let key = 1; key <= 60; key += 1) {
      pair.clock.advance(pair.random.integer(30, 90));
      const pressedMs = pair.clock.now();
      pair.client.script.write(0, pattern(1));
      pair.runUntil(() => pair.server.script.receivedBytes(0) === key);
      delaysMs.push(pair.clock.now() - pressedMs);
    }
    delaysMs.sort((a, b) => a - b);
    // The line moves bytes in steps of 20 ms when it is busy: a key waits for one and travels with the next.
    expect(delaysMs[30]).toBeLessThan(50 + 45);
    expect(delaysMs[57]).toBeLessThan(50 + 40 + 50);
    expect(pair.server.script.receivedBytes(1)).toBeGreaterThan(5e6);
    expect(pair.finish()).toBe(0);
  });

  test('a flood on stream 0 is paced like any other', () => {
    const pair = new SessionPair();
    pair.client.script.isKeeping = false;
    const line = { delayMs: 25, bytesPerSecond: 125_000 };
    const { link } = pair.join({ aToB: line, bToA: line });
    pair.server.script.write(0, new Uint8Array(5e6));
    pair.clock.advance(5000);
    const back = pair.server.session.links.get(link.id);
    const inFlight: number[] = [];
    const before = { bytes: pair.client.script.receivedBytes(0), records: back?.sent.next ?? 0 };
    for (let i = 0; i < 200; i += 1) {
      pair.clock.advance(25);
      inFlight.push(back?.sent.inFlightBytes ?? 0);
    }
    inFlight.sort((a, b) => a - b);
    // 50 ms at 125 bytes per ms are 6,250; with the acknowledgements' delay and the line's steps of 20 ms.
    expect(inFlight[100]).toBeLessThan(16_000);
    expect(inFlight[199]).toBeLessThan(21_000);
    expect(pair.client.script.receivedBytes(0)).toBeGreaterThan(0.9 * 10 * 125_000);
    // ... and not in crumbs.
    const bytes = pair.client.script.receivedBytes(0) - before.bytes;
    expect(bytes / ((back?.sent.next ?? 0) - before.records)).toBeGreaterThan(800);
    expect(pair.finish()).toBe(0);
  });

  test('a stream that is overdue is served a little before the others', () => {
    const pair = new SessionPair();
    pair.server.script.isKeeping = false;
    const line = { delayMs: 10, bytesPerSecond: 1e6 };
    pair.join({ aToB: line, bToA: line });
    pair.client.script.write(0, new Uint8Array(50e6));
    pair.client.script.write(1, new Uint8Array(50e6));
    pair.clock.advance(2000);
    expect(pair.server.script.receivedBytes(1)).toBe(0);
    pair.client.script.overdue = 0b10;
    pair.clock.advance(2000);
    const first = pair.server.script.receivedBytes(0);
    expect(pair.server.script.receivedBytes(1)).toBeGreaterThan(100_000);
    expect(pair.server.script.receivedBytes(1)).toBeLessThan(first);
    expect(pair.finish()).toBe(0);
  });
});
