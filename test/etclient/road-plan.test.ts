import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import { DEFAULT_RECONNECT, type Patience } from '../../src/backed/reconnect.ts';
import { Redialer, type RunningDial } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { choosePlan, type Experience } from '../../src/etclient/choose-plan.ts';
import type { Road as RoadName, RoadsPlan } from '../../src/etclient/road.ts';
import { planRoads, type RoadLearner } from '../../src/etclient/road-plan.ts';
import type { Dial } from '../../src/link/carrier.ts';
import { attemptFailedBy, DialFailure } from '../../src/link/dial-failure.ts';
import { fakeLinkCrypto } from '../support/fake-link-crypto.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A road that nobody answers on, or one that fails at once. */
class Road {
  startedMs: number[] = [];
  runningCount = 0;
  mostRunning = 0;
  longestMs = 0;
  readonly #clock: VirtualClock;
  readonly #failure: Error | undefined;

  constructor(clock: VirtualClock, failure?: Error) {
    this.#clock = clock;
    this.#failure = failure;
  }

  get dial(): Dial {
    return (signal) => {
      this.startedMs.push(this.#clock.now());
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      const startedMs = this.#clock.now();
      this.runningCount += 1;
      this.mostRunning = Math.max(this.mostRunning, this.runningCount);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          this.runningCount -= 1;
          this.longestMs = Math.max(this.longestMs, this.#clock.now() - startedMs);
          reject(new Error('given up'));
        });
      });
    };
  }
}

interface Setting {
  /** Nothing: no tcp. */
  readonly hasTcp?: boolean;
  readonly hasSsh?: boolean;
  readonly sshFirst?: boolean;
  readonly learner?: RoadLearner;
}

const BARE = { hasProxy: false, hasJump: false, fromEach: [] };
const TCP: RoadsPlan = { kind: 'direct', road: { kind: 'tcp' } };

function plan(tcpFailure?: Error, setting: Setting = {}) {
  const { hasTcp = true, hasSsh = true, sshFirst = false, learner } = setting;
  const clock = new VirtualClock();
  const tcp = new Road(clock, tcpFailure);
  const ssh = new Road(clock);
  const link = {
    clock,
    crypto: fakeLinkCrypto(new SeededRandom(1)),
    context: { sessionId: new Uint8Array(16), protocol: 1, features: [] },
    routeId: () => new Uint8Array(16),
    instance: new Uint8Array(16),
    keys: ClientKeys.fromRoot(new Uint8Array(32)),
    isNoRoute: (error: unknown) => error instanceof DialFailure && error.kind === 'no-route',
  };
  const dials = {
    dialOf: ({ kind }: RoadName) => (kind === 'ssh' ? ssh.dial : tcp.dial),
    nameOf: ({ kind }: RoadName) => kind,
  };
  const chosen = choosePlan({ hasPort: hasTcp, hasUdp: false, isBehindProxy: sshFirst, ...BARE });
  const planned = planRoads(clock, {
    link,
    dials,
    plan: hasSsh ? chosen : TCP,
    isSshStraight: !sshFirst,
    learner,
    isAdaptive: true,
  });
  const { dial, roads } = planned;
  const better: typeof planned.betterThan = (...words) => planned.betterThan(...words);
  const upgrade = better(BY_SSH);
  const failures: string[] = [];
  const start = (patience: Patience = 'brief'): RunningDial =>
    dial(
      (result) => failures.push(result.kind === 'failed' ? result.error.message : 'a link'),
      patience,
    );
  return { clock, tcp, ssh, failures, start, dial, upgrade, better, roads };
}

/** A link that no dial has made. */
const BY_SSH = {} as SecureLink;

const NO_ROUTE = new DialFailure([
  attemptFailedBy('tcp h:1', Object.assign(new Error('no'), { code: 'ENETUNREACH' })),
]);

test('ssh starts 1.5 s after tcp, and tcp again and again beside it', () => {
  const { clock, tcp, ssh, start } = plan();
  start();
  clock.advance(13_000);
  expect(ssh.startedMs).toEqual([1500]);
  expect(tcp.startedMs).toEqual([0, 4000, 8000, 12_000]);
  expect(tcp.runningCount).toBe(1);
});

test('a patient attempt gives tcp half a minute', () => {
  const { clock, tcp, ssh, start } = plan();
  start('patient');
  clock.advance(31_000);
  expect(ssh.startedMs).toEqual([1500]);
  expect([tcp.startedMs, tcp.longestMs]).toEqual([[0, 30_000], 30_000]);
});

test('so does one that looks for a better road beside a link over ssh', () => {
  const { clock, tcp, upgrade } = plan();
  upgrade?.(() => undefined);
  clock.advance(29_999);
  expect(tcp.runningCount).toBe(1);
  clock.advance(1);
  expect([tcp.startedMs, tcp.runningCount]).toEqual([[0], 0]);
});

test.each([
  ['tcp alone', { hasSsh: false }, 6],
  // Each attempt that runs ssh tries tcp again and again meanwhile.
  ['tcp and ssh', {}, 9],
] as const)(
  '%s: a dead network has few attempts at a time, and always a patient one',
  (_, roads, most) => {
    const { clock, tcp, ssh, dial } = plan(undefined, roads);
    const events = { onLink: () => undefined, onFail: () => undefined };
    const redialer = new Redialer(clock, new SeededRandom(1), DEFAULT_RECONNECT, dial, events);
    redialer.onKey();
    redialer.onLost();
    clock.advance(10 * 60_000);
    expect(tcp.longestMs).toBe(30_000);
    expect(tcp.mostRunning).toBe(most);
    expect(ssh.mostRunning).toBeLessThanOrEqual(3);
    redialer.stop();
    expect([tcp.runningCount, ssh.runningCount, clock.pending]).toEqual([0, 0, 0]);
  },
);

test('both start at once for a host behind another', () => {
  const { tcp, ssh, start } = plan(undefined, { sshFirst: true });
  start();
  expect([tcp.startedMs, ssh.startedMs]).toEqual([[0], [0]]);
});

test('of attempts each second, three at most run ssh, 5 s apart', () => {
  const { clock, ssh, start } = plan();
  for (let second = 0; second < 30; second += 1) {
    start();
    clock.advance(1000);
  }
  expect(ssh.startedMs).toEqual([1500, 6500, 11_500]);
});

test('an attempt that is given up makes room for another', () => {
  const { clock, ssh, start } = plan(undefined, { hasTcp: false });
  const first = start();
  start();
  first.cancel();
  first.cancel();
  expect(ssh.runningCount).toBe(0);
  start();
  expect(ssh.startedMs).toEqual([0, 0]);
  clock.advance(4999);
  start();
  expect(ssh.runningCount).toBe(1);
});

test('without a route no ssh is started, unless it goes by another host', async () => {
  const straight = plan(NO_ROUTE);
  straight.start();
  await new Promise(setImmediate);
  straight.clock.advance(10_000);
  expect(straight.ssh.startedMs).toEqual([]);
  expect(straight.failures).toEqual(['tcp h:1 has no route']);

  const jump = plan(NO_ROUTE, { sshFirst: true });
  jump.start();
  await new Promise(setImmediate);
  expect(jump.ssh.startedMs).toEqual([0]);
  expect(jump.failures).toEqual([]);
});

/** Learns into a list. */
function learning(known?: Experience) {
  const learned: string[] = [];
  const learn = (worked: string, failed: readonly string[]): unknown =>
    learned.push(`${worked} worked, ${failed.join(' and ') || 'nothing'} failed`);
  return {
    learned,
    recall: () => known,
    learn: (...words: [string, readonly string[]]) => void learn(...words),
  };
}

test('where tcp failed the last time, ssh does not wait for it', () => {
  const known = learning({ worked: 'ssh', failed: ['tcp'] });
  const { tcp, ssh, start } = plan(undefined, { learner: known });
  start();
  expect([tcp.startedMs, ssh.startedMs]).toEqual([[0], [0]]);
});

test('a better road that fails while a link is there is learned, unless there is no route at all', async () => {
  const refused = new DialFailure([
    attemptFailedBy('tcp h:1', Object.assign(new Error('no'), { code: 'ECONNREFUSED' })),
  ]);
  for (const [failure, learned] of [
    [refused, ['ssh worked, tcp failed']],
    [NO_ROUTE, []],
  ] as const) {
    const known = learning();
    const { upgrade } = plan(failure, { learner: known });
    upgrade?.(() => undefined);
    await new Promise(setImmediate);
    expect(known.learned).toEqual(learned);
  }
});

test('a road left out is not among the better ones', () => {
  const { better } = plan();
  expect(better(BY_SSH, (road) => road === 'tcp')).toBeUndefined();
  expect(better(BY_SSH, () => false)).toBeDefined();
});

test('roads by themselves come best first', () => {
  const { clock, roads, tcp, ssh } = plan();
  expect(roads.map(({ name }) => name)).toEqual(['tcp', 'ssh']);
  const dials = roads.map(({ start }) => start(() => undefined));
  expect([tcp.runningCount, ssh.runningCount]).toEqual([1, 1]);
  for (const dial of dials) dial.cancel();
  expect([tcp.runningCount, ssh.runningCount, clock.pending]).toEqual([0, 0, 0]);
});
