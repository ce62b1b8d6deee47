import { expect, test } from 'vitest';
import { ForwardTotals } from '../../src/etclient/forward-totals.ts';
import type { Forward } from '../../src/forward/forward.ts';
import { ForwardCounters } from '../../src/forward/forward-counters.ts';

test('what a removed forward has carried, and still carries, counts on', () => {
  const totals = new ForwardTotals();
  const counters = new ForwardCounters();
  const present = { bytesIn: 1000, bytesOut: 0 };
  counters.bytesIn = 5;
  counters.open = 1;
  totals.removed({ counters } as Forward);
  expect(totals.sum([present])).toEqual({ bytesIn: 1005, bytesOut: 0 });
  counters.bytesOut = 7;
  expect(totals.sum([present])).toEqual({ bytesIn: 1005, bytesOut: 7 });
  counters.open = 0;
  for (let round = 0; round < 3; round += 1) {
    expect(totals.sum([present])).toEqual({ bytesIn: 1005, bytesOut: 7 });
  }
});
