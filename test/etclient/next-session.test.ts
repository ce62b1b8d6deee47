import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { FIRST_WAIT_MS, LONGEST_WAIT_MS, NextSession } from '../../src/etclient/next-session.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A host that answers each start as the test says. */
class Host {
  readonly clock: VirtualClock = new VirtualClock();
  readonly startedMs: number[] = [];
  readonly told: string[] = [];
  answers: (string | EtError)[] = [];
  readonly next: NextSession<string>;

  constructor(...answers: (string | EtError)[]) {
    this.answers = answers;
    this.next = new NextSession({
      clock: this.clock,
      random: new SeededRandom(1),
      start: () => {
        this.startedMs.push(this.clock.now());
        const answer = this.answers.shift() ?? UNREACHABLE;
        return typeof answer === 'string' ? Promise.resolve(answer) : Promise.reject(answer);
      },
      onFailure: () => undefined,
      onLoginNeeded: (text) => this.told.push(text),
    });
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await settled();
      this.clock.advance(500);
    }
    await settled();
  }
}

const UNREACHABLE = new EtError('ET_ERR_BOOTSTRAP', 'ssh could not reach the host');
const NOT_LET_IN = new EtError('ET_ERR_AUTH', 'the host did not let us in');

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

test('a host that is away is tried ever more rarely, and never given up', async () => {
  const host = new Host();
  await host.pass(3_600_000);
  const gaps = host.startedMs.slice(1).map((ms, i) => ms - (host.startedMs[i] ?? 0));
  expect(gaps[0]).toBeLessThanOrEqual(FIRST_WAIT_MS);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(LONGEST_WAIT_MS);
  expect(host.startedMs.length).toBeGreaterThan(3_600_000 / LONGEST_WAIT_MS);
  expect(host.startedMs.length).toBeLessThan(150);
  host.next.stop();
  expect(host.clock.pending).toBe(0);
});

test('a nudge tries now, and a session ends the trying', async () => {
  const host = new Host(UNREACHABLE, UNREACHABLE, UNREACHABLE);
  await host.pass(2500);
  host.answers = ['server'];
  host.next.nudge();
  expect(await host.next.server).toBe('server');
  expect(host.clock.pending).toBe(0);
});

test('where somebody would have to log in nothing is tried until a nudge, and it is said once', async () => {
  const host = new Host(NOT_LET_IN, NOT_LET_IN, 'server');
  await host.pass(3_600_000);
  expect([host.startedMs.length, host.next.needsLogin, host.clock.pending]).toEqual([1, true, 0]);
  host.next.nudge();
  await settled();
  expect(host.told).toEqual([NOT_LET_IN.message]);
  host.next.nudge();
  expect(await host.next.server).toBe('server');
});

test('a nudge during an attempt starts no other', async () => {
  const host = new Host('server');
  host.next.nudge();
  expect(host.startedMs).toEqual([0]);
  expect(await host.next.server).toBe('server');
});

test('once stopped it gives no session, not even one that comes late', async () => {
  const host = new Host('late');
  host.next.stop();
  expect(await host.next.server).toBeUndefined();
  await host.pass(10_000);
  expect(host.clock.pending).toBe(0);
});
