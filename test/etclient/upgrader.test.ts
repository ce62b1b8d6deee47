import { expect, test } from 'vitest';
import type { DialResult } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { Upgrader } from '../../src/etclient/upgrader.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const BEST_FIRST = ['tcp', 'proxy', 'ssh'];

/** All that an upgrader asks of a link is the road that made it. */
type FakeLink = SecureLink & { readonly road: string };

function linkBy(road: string): FakeLink {
  return { road } as unknown as FakeLink;
}

function world() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const state = { hasLink: true };
  let finish: ((result: DialResult) => void) | undefined;
  const roadOf = (link: SecureLink): string => (link as FakeLink).road;
  const upgrader: Upgrader = new Upgrader({
    clock,
    plan: {
      roadOf,
      betterThan: (link, isLeftOut = () => false) => {
        const all = BEST_FIRST.slice(0, BEST_FIRST.indexOf(roadOf(link)));
        const roads = all.filter((road) => !isLeftOut(road));
        if (roads.length === 0) return undefined;
        return (done) => {
          log.push(`${clock.now()} tries ${roads.join(' and ')}`);
          finish = done;
          return {
            cancel: () => {
              finish = undefined;
              log.push(`${clock.now()} gives up`);
            },
          };
        };
      },
    },
    hasLink: () => state.hasLink,
    onLink: (link) => {
      log.push(`${clock.now()} takes ${roadOf(link)}`);
      upgrader.onJoined(link);
    },
    onFailed: () => undefined,
  });
  const fail = (): void => {
    const done = finish;
    finish = undefined;
    done?.({ kind: 'failed', error: new EtError('ET_ERR_DIAL', 'no'), noRoute: false });
  };
  const win = (road: string): FakeLink => {
    const link = linkBy(road);
    const done = finish;
    finish = undefined;
    done?.({ kind: 'link', link });
    return link;
  };
  const take = (): string[] => log.splice(0);
  return { clock, upgrader, state, fail, win, take };
}

test('the better roads are tried after 250 ms, then at intervals that double from 5 s to a minute', () => {
  const { clock, upgrader, fail, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  for (let i = 0; i < 7; i += 1) {
    clock.step();
    fail();
  }
  expect(take()).toEqual(
    [250, 5250, 15_250, 35_250, 75_250, 135_250, 195_250].map((ms) => `${ms} tries tcp and proxy`),
  );
  upgrader.stop();
  expect(clock.pending).toBe(0);
});

test('one at a time, however long it takes', () => {
  const { clock, upgrader, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  clock.advance(100_000);
  expect(take()).toEqual(['250 tries tcp and proxy']);
  expect(upgrader.isTrying).toBe(true);
  upgrader.stop();
  expect(take()).toEqual(['100000 gives up']);
  expect(upgrader.isTrying).toBe(false);
});

test('from a road in the middle it goes on to the best, and is content there', () => {
  const { clock, upgrader, win, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  clock.step();
  win('proxy');
  clock.step();
  win('tcp');
  // Never oftener than each 5 s.
  expect(take()).toEqual([
    '250 tries tcp and proxy',
    '250 takes proxy',
    '5250 tries tcp',
    '5250 takes tcp',
  ]);
  expect(clock.pending).toBe(0);
});

test('a link by the best road ends what is tried', () => {
  const { clock, upgrader, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  clock.step();
  upgrader.onJoined(linkBy('tcp'));
  expect(take()).toEqual(['250 tries tcp and proxy', '250 gives up']);
  expect(clock.pending).toBe(0);
});

test('another link by the same road leaves a dial that runs alone, and begins anew otherwise', () => {
  const { clock, upgrader, fail, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  clock.step();
  upgrader.onJoined(linkBy('ssh'));
  clock.advance(1000);
  fail();
  clock.advance(2000);
  upgrader.onJoined(linkBy('ssh'));
  clock.advance(10_000);
  expect(take()).toEqual(['250 tries tcp and proxy', '5250 tries tcp and proxy']);
});

test('after a change of the network they are tried at once, but not within 5 s of the last time', () => {
  const { clock, upgrader, fail, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  clock.step();
  fail();
  clock.advance(1000);
  upgrader.onNetworkChange();
  clock.step();
  fail();
  expect(take()).toEqual(['250 tries tcp and proxy', '5250 tries tcp and proxy']);
  clock.step();
  clock.advance(7000);
  upgrader.onNetworkChange();
  clock.step();
  upgrader.onNetworkChange();
  clock.step();
  expect(take()).toEqual([
    '10250 tries tcp and proxy',
    '17250 gives up',
    '17500 tries tcp and proxy',
    '17500 gives up',
    '22500 tries tcp and proxy',
  ]);
  upgrader.stop();
});

test('a network that changes under the best road changes nothing', () => {
  const { clock, upgrader } = world();
  upgrader.onJoined(linkBy('tcp'));
  upgrader.onNetworkChange();
  expect(clock.pending).toBe(0);
});

test('without a link nothing is tried: every road is dialled anyway', () => {
  const { clock, upgrader, state, take } = world();
  upgrader.onJoined(linkBy('ssh'));
  state.hasLink = false;
  clock.advance(1000);
  expect(take()).toEqual([]);
  expect(clock.pending).toBe(0);
  state.hasLink = true;
  upgrader.onJoined(linkBy('ssh'));
  clock.step();
  expect(take()).toEqual(['1250 tries tcp and proxy']);
});

/** Takes tcp, which runs already, and loses it after `livedMs`; returns how long it is left alone then. */
function lose(
  { clock, upgrader, win, fail, take }: ReturnType<typeof world>,
  livedMs: number,
): number {
  const link = win('tcp');
  clock.advance(livedMs);
  // First silent, then gone.
  upgrader.onLost(link);
  upgrader.onLost(link);
  const lostMs = clock.now();
  upgrader.onJoined(linkBy('ssh'));
  take();
  while (!take().some((line) => line.includes('tries tcp'))) {
    fail();
    clock.step();
  }
  return clock.now() - lostMs;
}

test('a road that dies within 10 s of its upgrade is left alone twice as long each time, until it lasts', () => {
  const it = world();
  it.upgrader.onJoined(linkBy('ssh'));
  it.clock.step();
  const aloneMs = [9999, 1, 1, 1, 1].map((livedMs) => lose(it, livedMs));
  const leastMs = [10_000, 20_000, 40_000, 80_000, 160_000];
  for (const [at, ms] of aloneMs.entries()) {
    expect(ms).toBeGreaterThanOrEqual(leastMs[at] ?? 0);
    // The other road is tried meanwhile, and its turn may come first.
    expect(ms).toBeLessThanOrEqual((leastMs[at] ?? 0) + 60_000);
  }
  expect(lose(it, 10_000)).toBeLessThanOrEqual(5000);
  expect(lose(it, 1)).toBeLessThan(20_000);
  it.upgrader.stop();
  expect(it.clock.pending).toBe(0);
});

test('another network forgives', () => {
  const it = world();
  it.upgrader.onJoined(linkBy('ssh'));
  it.clock.step();
  const link = it.win('tcp');
  it.upgrader.onLost(link);
  it.upgrader.onJoined(linkBy('ssh'));
  it.upgrader.onNetworkChange();
  it.take();
  it.clock.step();
  expect(it.take()).toEqual(['5250 tries tcp and proxy']);
});
