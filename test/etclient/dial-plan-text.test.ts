import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { formatDialPlan } from '../../src/etclient/format-dial-plan.ts';
import {
  MAX_PLAN_CHARACTERS,
  MAX_PLAN_DEPTH,
  MAX_PLAN_ROADS,
  parseDialPlan,
} from '../../src/etclient/parse-dial-plan.ts';
import type { Road, RoadsPlan } from '../../src/etclient/road.ts';
import { SEED } from '../support/seed.ts';

const TCP = { kind: 'direct', road: { kind: 'tcp' } } as const;
const SSH = { kind: 'direct', road: { kind: 'ssh' } } as const;

test.each<[string, RoadsPlan]>([
  ['tcp', TCP],
  [
    'race(tcp, delay(1.5s, ssh))',
    { kind: 'race', plans: [TCP, { kind: 'delay', ms: 1500, plan: SSH }] },
  ],
  [
    'fallback(timeout(250ms, tcp), wss://h.example/p?q=1)',
    {
      kind: 'fallback',
      plans: [
        { kind: 'timeout', ms: 250, plan: TCP },
        { kind: 'direct', road: { kind: 'web-socket', url: 'wss://h.example/p?q=1' } },
      ],
    },
  ],
])('%s', (text, plan) => {
  expect(parseDialPlan(text)).toEqual(plan);
  expect(formatDialPlan(plan)).toBe(text);
});

test.each<[string, string]>([
  [' race( tcp ,delay(0.25s,ssh) ) ', 'race(tcp, delay(250ms, ssh))'],
  ['delay(2m, ssh)', 'delay(120s, ssh)'],
  ['tcp:[2001:db8::1]:7000', 'tcp:[2001:db8::1]:7000'],
  ['tcp:[fd00::1]', 'tcp:[fd00::1]'],
  ['tcp:gate.example.org', 'tcp:gate.example.org'],
  ['race(tcp@wlan0, tcp@fd00::7)', 'race(tcp@wlan0, tcp@fd00::7)'],
  ['WSS://H.Example', 'wss://h.example/'],
  ['udp:[2001:db8::1]:7000', 'udp:[2001:db8::1]:7000'],
  ['udp:gate.example.org', 'udp:gate.example.org'],
  ['race(udp@wlan0, udp)', 'race(udp@wlan0, udp)'],
  ['race(ssh, proxy, jump)', 'race(ssh, proxy, jump)'],
])('%s is %s', (text, canonical) => {
  expect(formatDialPlan(parseDialPlan(text))).toBe(canonical);
});

const ROAD: fc.Arbitrary<Road> = fc.oneof(
  fc.constantFrom<Road>(
    { kind: 'udp' },
    { kind: 'tcp' },
    { kind: 'ssh' },
    { kind: 'proxy' },
    { kind: 'jump' },
  ),
  fc.record({
    kind: fc.constantFrom('tcp-to' as const, 'udp-to' as const),
    host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('web-socket' as const),
    url: fc.tuple(fc.constantFrom('ws', 'wss'), fc.domain()).map(([a, b]) => `${a}://${b}/path`),
  }),
);
const { plan: PLAN } = fc.letrec<{ plan: RoadsPlan }>((tie) => ({
  plan: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constant('direct' as const), road: ROAD }),
    fc.record({
      kind: fc.constantFrom('race', 'fallback'),
      plans: fc.array(tie('plan'), { minLength: 1, maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constantFrom('delay', 'timeout'),
      ms: fc.integer({ min: 1, max: 600_000 }),
      plan: tie('plan'),
    }),
  ),
}));

test(`what is formatted is read as what it was (EVERTERM_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(PLAN, (plan) => {
      expect(parseDialPlan(formatDialPlan(plan))).toEqual(plan);
    }),
    { numRuns: 1000, seed: SEED },
  );
});

test(`whatever is no plan is refused in one line (EVERTERM_SEED=${SEED})`, () => {
  const pieces = fc.constantFrom(
    'race',
    'delay',
    '(',
    ')',
    ',',
    ' ',
    '1s',
    'tcp',
    'ssh',
    'ws://',
    'x',
    '[',
    ':',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      try {
        parseDialPlan(parts.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(EtError);
        expect(error).toMatchObject({ code: 'ET_ERR_USAGE' });
        expect((error as Error).message).not.toMatch(/\n/u);
      }
    }),
    { numRuns: 3000, seed: SEED },
  );
});

describe('a mistake is told with its place', () => {
  test.each([
    ['race(tpc, ssh)', 'at character 6: "tpc" is no road: did you mean tcp?'],
    ['rase(tcp)', 'at character 1: "rase" is no road: did you mean race?'],
    [
      'quic',
      'at character 1: "quic" is no road: write udp, tcp, ssh, proxy, jump, udp:, udp@, tcp:, tcp@, ws://, wss://, race, fallback, delay, timeout',
    ],
    ['race(tcp', 'at character 9: it ends where ) is due'],
    ['race()', 'at character 6: ")" where a road is due'],
    ['race(tcp,,ssh)', 'at character 10: "," where a road is due'],
    ['', 'at character 1: it ends where a road is due'],
    ['tcp ssh', 'at character 5: "s" where the end of the plan is due'],
    ['race', 'at character 5: it ends where ( is due'],
    ['delay(ssh)', 'at character 7: "ssh" is no time: write 250ms, 1.5s or 2m, up to 10m'],
    ['delay(11m, ssh)', 'at character 7: "11m" is no time: write 250ms, 1.5s or 2m, up to 10m'],
    ['timeout(0s, ssh)', 'at character 9: "0s" is no time: write 250ms, 1.5s or 2m, up to 10m'],
    ['delay(1s ssh)', 'at character 10: "s" where , is due'],
    [
      'tcp:h:0',
      'at character 1: "tcp:h:0": tcp:HOST or tcp:HOST:PORT, an IPv6 address in brackets, a port within 1-65535',
    ],
    [
      'tcp:-h',
      'at character 1: "tcp:-h": tcp:HOST or tcp:HOST:PORT, an IPv6 address in brackets, a port within 1-65535',
    ],
    [
      'tcp:fd00::1',
      'at character 1: "tcp:fd00::1": tcp:HOST or tcp:HOST:PORT, an IPv6 address in brackets, a port within 1-65535',
    ],
    [
      'wss://u:secret@h/',
      'at character 1: "wss://...@h/" names a user, which everybody on this machine could read: write wss://HOST[:PORT]/PATH',
    ],
    ['wss://', 'at character 1: "wss://" is no address: write wss://HOST[:PORT]/PATH'],
    [
      'wss://h/#x',
      'at character 1: "wss://h/#x" has a #, which is never sent: write wss://HOST[:PORT]/PATH',
    ],
  ])('%s', (text, message) => {
    expect(() => parseDialPlan(text)).toThrow(new EtError('ET_ERR_USAGE', message));
  });

  test('too long, too deep, too many', () => {
    expect(() => parseDialPlan(`tcp:${'a'.repeat(MAX_PLAN_CHARACTERS)}`)).toThrow(
      `at most ${MAX_PLAN_CHARACTERS} are allowed`,
    );
    const nested = (depth: number) => `${'race('.repeat(depth - 1)}tcp${')'.repeat(depth - 1)}`;
    expect(parseDialPlan(nested(MAX_PLAN_DEPTH))).toBeDefined();
    expect(() => parseDialPlan(nested(MAX_PLAN_DEPTH + 1))).toThrow(
      `deeper than ${MAX_PLAN_DEPTH}`,
    );
    const wide = (count: number) => `race(${Array.from({ length: count }, () => 'tcp').join()})`;
    expect(parseDialPlan(wide(MAX_PLAN_ROADS))).toBeDefined();
    expect(() => parseDialPlan(wide(MAX_PLAN_ROADS + 1))).toThrow(
      `more than ${MAX_PLAN_ROADS} roads`,
    );
  });
});
