import { expect, test } from 'vitest';
import type { Forward } from '../../src/forward/forward.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';
import { NearListening } from '../../src/forward/near-listening.ts';

function world() {
  const told: string[] = [];
  const forward = { counters: new ForwardCounters(() => undefined) } as unknown as Forward;
  const listening = new NearListening(forward, {
    onListening: () => told.push('listening'),
    onFailed: (_, text) => told.push(`failed ${text}`),
    onRefused: () => undefined,
  });
  return { told, listening };
}

test.each(['listens', 'cannot listen'])(
  'closed before it %s, it stays closed and tells nobody',
  async (how) => {
    const { told, listening } = world();
    const begun = how === 'listens' ? Promise.resolve() : Promise.reject(new Error('in use'));
    listening.begin(begun);
    listening.close();
    await begun.catch(() => undefined);
    await Promise.resolve();
    expect([listening.state, told]).toEqual(['closed', []]);
  },
);

test('what became of it is told once', async () => {
  for (const [begun, state, text] of [
    [Promise.resolve(), 'listening', 'listening'],
    [Promise.reject(new Error('in use')), 'failed', 'failed in use'],
  ] as const) {
    const { told, listening } = world();
    listening.begin(begun);
    expect(listening.state).toBe('starting');
    await begun.catch(() => undefined);
    await Promise.resolve();
    expect([listening.state, told]).toEqual([state, [text]]);
  }
});
