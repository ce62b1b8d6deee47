import { expect, test } from 'vitest';
import { choosePlan, heedExperience, type RoadOffer } from '../../src/etclient/choose-plan.ts';
import { formatDialPlan } from '../../src/etclient/format-dial-plan.ts';
import { parseDialPlan } from '../../src/etclient/parse-dial-plan.ts';

const OFFER: RoadOffer = {
  hasPort: true,
  hasUdp: true,
  isBehindProxy: false,
  hasProxy: false,
  hasJump: false,
  fromEach: [],
};

test.each<[string, Partial<RoadOffer>, string]>([
  ['a host of its own', {}, 'race(udp, delay(50ms, tcp), delay(1.5s, ssh))'],
  ['a server without UDP', { hasUdp: false }, 'race(tcp, delay(1.5s, ssh))'],
  ['a server that listens nowhere', { hasPort: false, hasUdp: false }, 'ssh'],
  ['a host behind another', { isBehindProxy: true }, 'race(udp, delay(50ms, tcp), ssh)'],
  [
    'two ways out',
    { fromEach: ['wlan0', '10.0.0.7'] },
    'race(udp@wlan0, udp@10.0.0.7, delay(50ms, tcp@wlan0), delay(50ms, tcp@10.0.0.7), delay(1.5s, ssh))',
  ],
  [
    'a proxy here, which UDP does not go through',
    { hasProxy: true },
    'race(udp, delay(50ms, tcp), delay(250ms, proxy), delay(1.5s, ssh))',
  ],
  [
    'a jump host, which is no straight way, and ssh goes by it too',
    { hasJump: true, hasProxy: true, isBehindProxy: true },
    'race(jump, delay(1.5s, ssh))',
  ],
])('%s: %o, so %s', (_, offer, plan) => {
  expect(formatDialPlan(choosePlan({ ...OFFER, ...offer }))).toBe(plan);
});

const THREE = 'race(tcp, delay(250ms, proxy), delay(1.5s, ssh))';

test.each<[string, string | undefined, string[], string]>([
  ['tcp worked', 'tcp', [], THREE],
  ['ssh worked, the others failed', 'ssh', ['tcp', 'proxy'], 'race(tcp, proxy, ssh)'],
  ['ssh worked, tcp failed', 'ssh', ['tcp'], 'race(tcp, proxy, ssh)'],
  ['the proxy worked, tcp failed', 'proxy', ['tcp'], 'race(tcp, proxy, delay(1.5s, ssh))'],
  ['something else worked', 'tcp:h', [], THREE],
])('%s: the order stays, and who waits changes', (_, worked, failed, expected) => {
  const heeded = heedExperience(parseDialPlan(THREE), { worked, failed });
  expect(formatDialPlan(heeded)).toBe(expected);
});

const FOUR = 'race(udp, delay(50ms, tcp), delay(1.5s, ssh))';

test.each<[string, string, string[], string]>([
  ['udp worked', 'udp', [], FOUR],
  ['udp is blocked', 'tcp', ['udp'], 'race(udp, tcp, delay(1.5s, ssh))'],
  ['udp and tcp are', 'ssh', ['udp', 'tcp'], 'race(udp, tcp, ssh)'],
])(
  '%s: nobody waits for what failed, and it is tried all the same',
  (_, worked, failed, expected) => {
    const heeded = heedExperience(parseDialPlan(FOUR), { worked, failed });
    expect(formatDialPlan(heeded)).toBe(expected);
  },
);

test('without experience, and in no race, nothing changes', () => {
  for (const text of [THREE, 'ssh', 'fallback(tcp, delay(1s, ssh))']) {
    expect(formatDialPlan(heedExperience(parseDialPlan(text), undefined))).toBe(text);
  }
  const fallback = parseDialPlan('fallback(tcp, delay(1s, ssh))');
  expect(heedExperience(fallback, { worked: 'ssh', failed: ['tcp'] })).toEqual(fallback);
});
