import { describe, expect, test, vi } from 'vitest';
import { Scenario } from './scenario.ts';
import type { SimChannel } from './sim-channel.ts';

vi.setConfig({ testTimeout: 180_000 });

/** A dial takes two round trips, and a first byte two more. */
const ROUND_TRIPS = 4;
/** Beside a silent link attempts begin six seconds apart, and the first after 15 s is patient. */
const NEXT_PATIENT_MS = 21_000;
const RTTS_MS = [1000, 1700, 2100, 3000, 3900, 6000, 9000];

/** A cut that both ends are told of, or silence for good. */
type Loss = 'cut' | 'forgotten';

function lose({ path }: Scenario, how: Loss): void {
  if (how === 'forgotten') path.abandon();
  else for (const connection of path.connections) connection.cut({ first: 'both', lagMs: 0 });
}

function begin(rttMs: number, seed = 1): { scenario: Scenario; terminal: SimChannel } {
  const scenario = new Scenario('bytes', { delayMs: rttMs / 2 }, seed);
  scenario.client.own.start();
  const terminal = scenario.openTerminal();
  scenario.timeUntil(() => terminal.server.channel !== undefined, ROUND_TRIPS * rttMs);
  scenario.run(5 * rttMs);
  return { scenario, terminal };
}

describe.each(RTTS_MS)('over a path whose round trip takes %i ms', (rttMs) => {
  test('a session starts by its first attempt, and leaves nothing behind', () => {
    const { scenario, terminal } = begin(rttMs);
    terminal.client.write(100);
    scenario.timeUntil(() => terminal.isQuiet, 2 * rttMs);
    expect(scenario.client.joinCount).toBe(1);
    expect(scenario.end()).toEqual({ timers: 0, carriers: 0 });
  });

  test.each([
    ['cut', 0],
    // An acknowledgement is overdue after three round trips, or a second where they are shorter.
    ['forgotten', Math.max(3 * rttMs, 1000)],
  ] as const)('a link that is %s is replaced in four round trips', (how, suspectMs) => {
    for (const isTyping of [false, true]) {
      const { scenario, terminal } = begin(rttMs);
      lose(scenario, how);
      terminal.server.write(5000);
      terminal.client.write(3000);
      const typedMs = suspectMs + ROUND_TRIPS * rttMs + 1000;
      for (let ms = 0; ms < typedMs; ms += 50) {
        scenario.run(50);
        if (isTyping) scenario.client.own.onKey();
      }
      expect(scenario.isLinked).toBe(true);
      expect(terminal.isQuiet).toBe(true);
      expect(scenario.client.joinCount).toBe(2);
    }
  });

  test('an outage of a minute ends as soon as the next patient attempt has had its round trips', () => {
    for (const seed of [1, 2, 3]) {
      const { scenario, terminal } = begin(rttMs, seed);
      scenario.path.answer = 'silent';
      lose(scenario, 'forgotten');
      scenario.run(60_000 + 1234 * seed);
      terminal.server.write(5000);
      scenario.path.answer = 'accepts';
      scenario.client.own.onKey();
      terminal.client.write(1);
      const maxMs = NEXT_PATIENT_MS + ROUND_TRIPS * rttMs;
      expect(scenario.timeUntil(() => terminal.isQuiet, 120_000)).toBeLessThan(maxMs);
    }
  });
});
