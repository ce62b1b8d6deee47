import { expect, test } from 'vitest';
import { formatForwards, formatStatus } from '../../src/etclient/format-status.ts';
import { SAMPLE_FORWARD, SAMPLE_STATUS } from './sample-status.ts';

test('a block for each client, in columns', () => {
  const proxy = { ...SAMPLE_FORWARD, listen: '*:1080', target: null, lastError: null, bytesIn: 0 };
  const second = {
    ...SAMPLE_STATUS,
    host: 'local',
    state: 'reconnecting',
    outageSeconds: 12.3,
    link: { ...SAMPLE_STATUS.link, label: null, rttMs: null, rate: null },
    links: [],
    lastFailure: 'tcp 192.0.2.1:60000 timed out after 4 s; ssh: no route',
    forwards: [],
  } as const;
  const first = {
    ...SAMPLE_STATUS,
    forwards: [SAMPLE_FORWARD, { ...proxy, kind: 'dynamic' }],
  } as const;
  expect(formatStatus([first, second])).toBe(`\
me@example.org  connected
  session       12ab34cd, pid 4711
  link          tcp 192.0.2.1:60000, round trip 12 ms, up to 2000 kB/s; 1.2 MB delivered
  waiting       5 bytes unsent, 17 unacknowledged
  forward  listens on  target   state      open  waiting  refused      in     out  dropped  last error
  local    8003        db:5432  listening     1        0        2  1.2 MB  9999 B        0  db:5432 refused the connection
  dynamic  *:1080      socks    listening     1        0        2     0 B  9999 B        0

local       reconnecting for 12.3 s
  session   12ab34cd, pid 4711
  link      none
  last try  tcp 192.0.2.1:60000 timed out after 4 s; ssh: no route
  waiting   5 bytes unsent, 17 unacknowledged
  no forwards
`);
});

test('every link is told, the one in use first', () => {
  const [used] = SAMPLE_STATUS.links;
  const other = {
    ...used,
    label: 'ssh-stdio h',
    state: 'silent',
    isUsed: false,
    rttMs: null,
    rate: null,
    inFlightBytes: 700,
  } as const;
  const links = [other, ...SAMPLE_STATUS.links] as typeof SAMPLE_STATUS.links;
  expect(formatStatus([{ ...SAMPLE_STATUS, links }])).toContain(`
  link          tcp 192.0.2.1:60000, round trip 12 ms, up to 2000 kB/s; 1.2 MB delivered
  link          ssh-stdio h, silent; 1.2 MB delivered, 700 B on the way
`);
});

test('no forwards are no table', () => {
  expect(formatForwards([])).toEqual([]);
});

test.each([
  [0, '0 B'],
  [9999, '9999 B'],
  [10_000, '10.0 kB'],
  [999_949, '999.9 kB'],
  [1_000_000, '1.0 MB'],
  [5_500_000_000, '5.5 GB'],
  [7_000_000_000_000, '7.0 TB'],
])('%d bytes are %s', (bytes, text) => {
  const [, row] = formatForwards([{ ...SAMPLE_FORWARD, bytesIn: bytes }]);
  expect(row).toContain(`  ${text}  `);
});

test('nothing in it acts on the terminal', () => {
  const lastError = 'a\u001b]0;x\u0007\nb\u202e';
  const text = formatStatus([
    { ...SAMPLE_STATUS, host: 'h\r\n', forwards: [{ ...SAMPLE_FORWARD, lastError }] },
  ]);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text.split('\n')).toHaveLength(7);
});
