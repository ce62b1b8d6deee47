import { expect, test } from 'vitest';
import { ClientKeys } from '../../src/backed/client-keys.ts';
import type { RunningDial } from '../../src/backed/redialer.ts';
import { planRoads, type Roads } from '../../src/etclient/road-plan.ts';
import type { Dial } from '../../src/link/carrier.ts';
import { attemptFailedBy, DialFailure } from '../../src/link/dial-failure.ts';
import { fakeLinkCrypto } from '../support/fake-link-crypto.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A road that nobody answers on, or one that fails at once. */
class Road {
  startedMs: number[] = [];
  runningCount = 0;
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
      this.runningCount += 1;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          this.runningCount -= 1;
          reject(new Error('given up'));
        });
      });
    };
  }
}

function plan(tcpFailure?: Error, options: Partial<Roads> = {}) {
  const clock = new VirtualClock();
  const tcp = new Road(clock, tcpFailure);
  const ssh = new Road(clock);
  const link = {
    clock,
    crypto: fakeLinkCrypto(new SeededRandom(1)),
    context: { sessionId: new Uint8Array(16), protocol: 1, features: [] },
    routeId: new Uint8Array(16),
    instance: new Uint8Array(16),
    keys: ClientKeys.fromRoot(new Uint8Array(32)),
    isNoRoute: (error: unknown) => error instanceof DialFailure && error.kind === 'no-route',
  };
  const roads = { tcp: tcp.dial, ssh: ssh.dial, sshFirst: false, ...options };
  const { dial } = planRoads(clock, link, roads);
  const failures: string[] = [];
  const start = (): RunningDial =>
    dial((result) => failures.push(result.kind === 'failed' ? result.error.message : 'a link'));
  return { clock, tcp, ssh, failures, start };
}

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
  const { clock, ssh, start } = plan(undefined, { tcp: undefined });
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
