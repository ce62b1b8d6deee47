import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_RECONNECT,
  INITIAL_RECONNECT,
  nextReconnect,
  type ReconnectEvent,
  type ReconnectState,
} from '../../src/backed/reconnect.ts';

const { maxWaitMs } = DEFAULT_RECONNECT;

/** A client in time: feeds events, obeys the timer, and writes down when it dials. */
class Dialer {
  state: ReconnectState = INITIAL_RECONNECT;
  nowMs = 0;
  attended: boolean;
  readonly jitter: () => number;
  dials: number[] = [];
  patientDials: number[] = [];

  constructor(attended: boolean, jitter: () => number = () => 0.5) {
    this.attended = attended;
    this.jitter = jitter;
  }

  feed(event: ReconnectEvent): void {
    const { state, dial } = nextReconnect(
      this.state,
      event,
      this.nowMs,
      this.attended,
      this.jitter(),
      DEFAULT_RECONNECT,
    );
    this.state = state;
    if (dial !== undefined) this.dials.push(this.nowMs);
    if (dial === 'patient') this.patientDials.push(this.nowMs);
  }

  nudge(stillDialing = 0): void {
    this.feed({ kind: 'nudge', stillDialing });
  }

  /** Lets time pass; each dial fails after `failAfterMs`. */
  run(untilMs: number, failAfterMs = Number.POSITIVE_INFINITY, noRoute = false): void {
    for (;;) {
      const dueMs = this.state.nextAtMs ?? Number.POSITIVE_INFINITY;
      const failsMs = this.#nextFailure(failAfterMs);
      const atMs = Math.min(dueMs, failsMs);
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (failsMs <= dueMs) {
        this.#failed += 1;
        this.feed({ kind: 'dial-failed', noRoute, stillDialing: this.dials.length - this.#failed });
      } else {
        this.feed({ kind: 'retry-due' });
      }
    }
    this.nowMs = untilMs;
  }

  #failed = 0;

  #nextFailure(failAfterMs: number): number {
    const at = this.dials[this.#failed];
    return at === undefined ? Number.POSITIVE_INFINITY : at + failAfterMs;
  }
}

describe('after a loss', () => {
  test('it dials at once, after 0.25 and 0.5 s, then each second while somebody is there', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(5000);
    expect(dialer.dials).toEqual([0, 250, 750, 1750, 2750, 3750, 4750]);
  });

  test('the wait of one that is left alone doubles to 30 s and stays there for thousands of attempts', () => {
    const longest = new Dialer(false, () => 0.999_999);
    longest.feed({ kind: 'link-lost' });
    longest.run(100 * 3_600_000);
    const waits = longest.dials.map((at, i) => at - (longest.dials[i - 1] ?? 0)).slice(1);
    expect(waits.length).toBeGreaterThan(5000);
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(maxWaitMs);
      if (i > 0) expect(wait).toBeGreaterThanOrEqual((waits[i - 1] ?? 0) - 1);
    }
    expect(waits[waits.length - 1]).toBeGreaterThan(maxWaitMs - 1);
  });

  test('one that is left alone tries again within 3 s of a loss at the latest, so that a restart is no long absence', () => {
    const unlucky = new Dialer(false, () => 0.999_999);
    unlucky.feed({ kind: 'link-lost' });
    unlucky.run(3000);
    expect(unlucky.dials.length).toBe(4);
  });

  test('a thousand clients that lost one server at the same time come back spread out', () => {
    let seed = 0;
    const jitter = (): number => {
      seed = (seed * 16_807 + 11) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const perSecond = new Map<number, number>();
    for (let i = 0; i < 1000; i += 1) {
      const dialer = new Dialer(false, jitter);
      dialer.feed({ kind: 'link-lost' });
      dialer.run(600_000);
      for (const at of dialer.dials) {
        if (at < 120_000) continue;
        const second = Math.floor(at / 1000);
        perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      }
    }
    // In the mean 65 in a second: 1,000 clients, each after 1 to 30 s.
    expect(Math.max(...perSecond.values())).toBeLessThan(130);
    expect(perSecond.size).toBeGreaterThan(450);
  });

  test('somebody coming back quickens it, and going away slows it down', () => {
    const dialer = new Dialer(false, () => 0.999_999);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(600_000);
    dialer.attended = true;
    dialer.nudge();
    const before = dialer.dials.length;
    dialer.run(610_000);
    expect(dialer.dials.length - before).toBeGreaterThanOrEqual(9);
    dialer.attended = false;
    const later = dialer.dials.length;
    dialer.run(910_000);
    expect(dialer.dials.length - later).toBeLessThan(20);
  });

  test('a success begins it all anew', () => {
    const dialer = new Dialer(false, () => 0.999_999);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(600_000);
    dialer.feed({ kind: 'link-joined' });
    dialer.dials = [];
    dialer.run(700_000);
    expect(dialer.dials).toEqual([]);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(700_760);
    expect(dialer.dials.map((at) => at - 700_000)).toEqual([0, 250, 750]);
  });
});

test('links that die young are replaced at once as long as each has carried something', () => {
  for (const hasCarried of [true, false]) {
    const dialer = new Dialer(false, () => 0.999_999);
    const waits: number[] = [];
    for (let life = 0; life < 12; life += 1) {
      dialer.feed({ kind: 'link-joined' });
      dialer.nowMs += 900;
      const lostMs = dialer.nowMs;
      dialer.feed({ kind: 'link-lost', hasCarried });
      while (dialer.dials.length <= life) dialer.run(dialer.nowMs + 1);
      waits.push((dialer.dials[life] ?? 0) - lostMs);
    }
    if (hasCarried) expect(Math.max(...waits)).toBe(0);
    else expect(Math.max(...waits)).toBeGreaterThan(8000);
  }
});

describe('a patient attempt', () => {
  test('is the first one, and then one each 15 s, whoever is there and whatever becomes of them', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(62_000, 200);
    expect(dialer.patientDials).toEqual([0, 15_750, 30_750, 45_750, 60_750]);
  });

  test('is every one that comes after a long wait', () => {
    const dialer = new Dialer(false, () => 0.999_999);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(600_000);
    const rare = (at: number): boolean => at > 60_000;
    expect(dialer.patientDials.filter(rare)).toEqual(dialer.dials.filter(rare));
  });

  test('is there beside a silent link too, and its loss adds none', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-suspect' });
    dialer.run(10_000, 4000);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(14_900, 4000);
    expect(dialer.patientDials).toEqual([0]);
    dialer.run(16_000, 4000);
    expect(dialer.patientDials.length).toBe(2);
  });
});

describe('a nudge', () => {
  test('dials at once, but not within 100 ms of another dial', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(1800);
    dialer.dials = [];
    dialer.nowMs = 1849;
    dialer.nudge();
    expect(dialer.dials).toEqual([]);
    dialer.nowMs = 1850;
    dialer.nudge();
    dialer.nudge();
    expect(dialer.dials).toEqual([1850]);
  });

  test('starts none beside five that have not answered: the next comes within a second', () => {
    const dialer = new Dialer(false, () => 0.999_999);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(600_000);
    dialer.nowMs = (dialer.dials.at(-1) ?? 0) + 5000;
    dialer.dials = [];
    const atMs = dialer.nowMs;
    for (let i = 0; i < 5; i += 1) {
      dialer.nudge(5);
      dialer.nowMs += 100;
    }
    expect(dialer.dials).toEqual([]);
    dialer.run(atMs + 1500);
    expect(dialer.dials).toEqual([atMs + 1000]);
    dialer.nudge(4);
    expect(dialer.dials).toEqual([atMs + 1000, atMs + 1500]);
  });

  test('that comes right after a dial is not forgotten', () => {
    const dialer = new Dialer(false);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(100, 1, true);
    dialer.nowMs = 99;
    dialer.nudge();
    expect([dialer.dials, dialer.state.nextAtMs]).toEqual([[0], 1099]);
  });

  test('changes nothing while nothing is wanted', () => {
    const dialer = new Dialer(true);
    dialer.nudge();
    expect([dialer.dials, dialer.state]).toEqual([[], INITIAL_RECONNECT]);
  });

  test('of a held key does not make a crowd beside a silent link', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-suspect' });
    for (let at = 33; at < 4000; at += 33) {
      dialer.run(at);
      dialer.nudge();
    }
    expect(dialer.dials.length).toBeLessThanOrEqual(5);
    expect(dialer.dials.length).toBeGreaterThanOrEqual(3);
  });
});

describe('without a route', () => {
  test('it waits for an interface: 30 s between dials, but a nudge dials at once', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(100, 1, true);
    expect(dialer.state.isBlocked).toBe(true);
    dialer.run(29_000, 1, true);
    expect(dialer.dials).toEqual([0]);
    dialer.nudge();
    expect(dialer.dials).toEqual([0, 29_000]);
    expect(dialer.state.isBlocked).toBe(false);
    dialer.run(90_000, 1, true);
    expect(dialer.dials.length).toBeLessThanOrEqual(5);
  });

  test('that only one of two attempts has found missing, it goes on', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-lost' });
    dialer.run(300);
    dialer.feed({ kind: 'dial-failed', noRoute: true, stillDialing: 1 });
    expect(dialer.state.isBlocked).toBe(false);
    dialer.run(800);
    expect(dialer.dials).toEqual([0, 250, 750]);
  });
});

describe('beside a silent link', () => {
  test('it dials once at a time, with doubling waits between', () => {
    const dialer = new Dialer(false);
    dialer.feed({ kind: 'link-suspect' });
    dialer.feed({ kind: 'link-suspect' });
    dialer.run(300_000, 4000);
    const waits = dialer.dials.map((at, i) => at - (dialer.dials[i - 1] ?? 0) - 4000).slice(1);
    expect(dialer.dials[0]).toBe(0);
    expect(waits.slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, maxWaitMs, maxWaitMs]);
  });

  test('the waits stay short while somebody is there', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-suspect' });
    dialer.run(60_000, 1000);
    const waits = dialer.dials.map((at, i) => at - (dialer.dials[i - 1] ?? 0) - 1000).slice(1);
    expect(Math.max(...waits)).toBe(2000);
  });

  test('a late answer of that link ends it', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-suspect' });
    dialer.feed({ kind: 'link-revived' });
    dialer.dials = [];
    dialer.run(60_000, 100);
    expect(dialer.dials).toEqual([]);
    expect(dialer.state.kind).toBe('content');
  });

  test('its loss is dialled at once', () => {
    const dialer = new Dialer(true);
    dialer.feed({ kind: 'link-suspect' });
    dialer.run(500);
    dialer.feed({ kind: 'link-lost' });
    expect(dialer.dials).toEqual([0, 500]);
    expect(dialer.state.kind).toBe('searching');
  });
});

test('links that are lost as soon as they join are dialled no faster than failed ones', () => {
  const dialer = new Dialer(false);
  dialer.feed({ kind: 'link-lost' });
  let joins = 0;
  while (dialer.nowMs < 120_000) {
    const before = dialer.dials.length;
    if (joins > 0) dialer.run(dialer.state.nextAtMs ?? dialer.nowMs);
    if (dialer.dials.length === before && joins > 0) throw new Error('no dial');
    dialer.nowMs += 10;
    joins += 1;
    dialer.feed({ kind: 'link-joined' });
    dialer.nowMs += 10;
    dialer.feed({ kind: 'link-lost' });
    if (dialer.state.nextAtMs === undefined) throw new Error('nothing is due');
  }
  expect(joins).toBeLessThan(30);
  // The first loss, and the first short life, are dialled at once; then each dial is the one that was due.
  expect(dialer.dials.length).toBeLessThanOrEqual(joins + 2);
});

test('one link that is lost as soon as it joins is dialled again at once', () => {
  const dialer = new Dialer(true);
  dialer.feed({ kind: 'link-lost' });
  dialer.nowMs = 100;
  dialer.feed({ kind: 'link-joined' });
  dialer.nowMs = 200;
  dialer.feed({ kind: 'link-lost' });
  expect(dialer.dials).toEqual([0, 200]);
});

test('once stopped it never dials, whatever happens', () => {
  const kinds = ['link-lost', 'link-suspect', 'link-joined', 'link-revived', 'nudge', 'retry-due'];
  const event = fc
    .constantFrom(...kinds)
    .map((kind) => ({ kind, stillDialing: 0 }) as ReconnectEvent);
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), fc.nat(20), (events, stopAt) => {
      const dialer = new Dialer(true);
      for (const [i, each] of events.entries()) {
        dialer.nowMs += 700;
        if (i === stopAt) dialer.feed({ kind: 'stop' });
        const before = dialer.dials.length;
        dialer.feed(each);
        if (i < stopAt) continue;
        expect(dialer.dials.length).toBe(before);
        expect(dialer.state.nextAtMs).toBe(undefined);
      }
    }),
  );
});

test('while a link is wanted, either a dial is on its way or the next one is due', () => {
  const event: fc.Arbitrary<ReconnectEvent> = fc.oneof(
    fc
      .constantFrom('link-lost', 'link-suspect', 'link-joined', 'link-revived', 'nudge')
      .map((kind) => ({ kind, stillDialing: 0 }) as ReconnectEvent),
    fc.record({ kind: fc.constant('dial-failed' as const), noRoute: fc.boolean() }).map((it) => ({
      ...it,
      stillDialing: 0,
    })),
  );
  const steps = fc.array(fc.tuple(event, fc.nat(5000), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (all) => {
      const dialer = new Dialer(true);
      let isDialling = false;
      for (const [each, afterMs, attended] of all) {
        dialer.nowMs += afterMs;
        dialer.attended = attended;
        const before = dialer.dials.length;
        dialer.feed(each);
        if (each.kind === 'dial-failed' || dialer.state.kind === 'content') isDialling = false;
        if (dialer.dials.length > before) isDialling = true;
        const isWanted = dialer.state.kind !== 'content';
        if (isWanted) expect(isDialling || dialer.state.nextAtMs !== undefined).toBe(true);
        else expect(dialer.state.nextAtMs).toBe(undefined);
        const waitMs = (dialer.state.nextAtMs ?? dialer.nowMs) - dialer.nowMs;
        expect(waitMs).toBeLessThanOrEqual(maxWaitMs);
      }
    }),
    { numRuns: 300 },
  );
});
