import { expect, test } from 'vitest';
import { explainPlan } from '../../src/etclient/explain-plan.ts';
import { parseDialPlan } from '../../src/etclient/parse-dial-plan.ts';
import { formatRoad } from '../../src/etclient/road.ts';

const FACTS = { targetOf: () => 'h', reasonOf: () => 'so' };

/** What stands for each road: when, and for how long. */
function whenOf(text: string): string[] {
  const [first, , , ...rows] = explainPlan(parseDialPlan(text), FACTS);
  expect(first).toBe(`plan: ${text}`);
  return rows.map((row) =>
    row
      .split(/ {2,}/u)
      .filter((cell) => cell !== 'h' && cell !== 'so')
      .join(': '),
  );
}

test.each([
  ['tcp', ['tcp: at once: 4 s, now and then 30 s']],
  [
    'race(tcp, delay(1.5s, ssh))',
    ['tcp: at once: 4 s, now and then 30 s', 'ssh: after 1.5 s, or once tcp has failed: 60 s'],
  ],
  [
    'fallback(timeout(3s, tcp), timeout(90s, ssh))',
    ['tcp: at once: 3 s', 'ssh: once tcp has failed: 60 s'],
  ],
  [
    'race(tcp, proxy, delay(2s, fallback(timeout(10s, tcp:h), delay(250ms, ssh))))',
    [
      'tcp: at once: 4 s, now and then 30 s',
      'proxy: at once: 4 s, now and then 30 s',
      'tcp:h: after 2 s, or once tcp and proxy have failed: 4 s, now and then 10 s',
      'ssh: after 2 s, or once tcp and proxy have failed, then once tcp:h has failed, then 0.25 s later: 60 s',
    ],
  ],
  ['race(delay(1s, tcp), ssh)', ['tcp: after 1 s: 4 s, now and then 30 s', 'ssh: at once: 60 s']],
])('%s', (text, expected) => {
  expect(whenOf(text)).toEqual(expected);
});

test('each road has a line with what and why', () => {
  const lines = explainPlan(parseDialPlan('race(tcp, delay(1s, ssh))'), {
    targetOf: (road) => `the ${formatRoad(road)} of h`,
    reasonOf: (road) => `of ${formatRoad(road)}`,
  });
  expect(lines).toEqual([
    'plan: race(tcp, delay(1s, ssh))',
    '',
    'road  leads to      is tried                           for                     because',
    'tcp   the tcp of h  at once                            4 s, now and then 30 s  of tcp',
    'ssh   the ssh of h  after 1 s, or once tcp has failed  60 s                    of ssh',
  ]);
});
