import { expect, test } from 'vitest';
import { formatLossyTable } from './format-lossy-table.ts';
import { LOSSY_NETWORKS } from './lossy-networks.ts';
import { lossyPages } from './lossy-page.ts';
import { type LossyPart, withPart } from './lossy-report.ts';
import { lossyRow } from './lossy-row.ts';
import { atMost, atMostTimesSsh } from './targets.ts';

const ECHO = { network: 'a network', measure: 'echo', unit: 'ms' } as const;
const ROWS = [
  lossyRow({
    ...ECHO,
    values: new Map([
      ['et', 51.234],
      ['ssh', 1234.5],
    ]),
    target: atMost(50),
  }),
  lossyRow({ ...ECHO, measure: 'another', values: new Map([['ssh', 7]]), target: atMost(50) }),
];
const PART: LossyPart = {
  name: 'loss-29',
  date: '2026-11-30T10:00:00.000Z',
  node: 'v20.20.2',
  cpus: ['A CPU ', 'A CPU '],
  loadBefore: 0.5,
  loadAfter: 2,
  isQuick: false,
  rows: ROWS,
  curves: [{ network: 'loss-29', tool: 'et', latenciesMs: [1, 2] }],
};

test('the table has a column for each tool with a value, and says of et alone whether it meets the target', () => {
  expect(formatLossyTable(ROWS, ['et', 'mosh', 'ssh']).split('\n')).toEqual([
    '| network | measure | et | ssh | unit | target |  |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| a network | echo | 51.2 | 1235 | ms | <= 50 | MISSED |',
    '|  | another |  | 7 | ms | <= 50 |  |',
    '',
  ]);
});

test('a target that compares is held against the tool that it names, and open without it', () => {
  const values = new Map([
    ['et', 10],
    ['mosh', 5],
  ]);
  const row = { ...ECHO, values, target: atMostTimesSsh(3) };
  expect(lossyRow(row).met).toBeNull();
  expect(lossyRow({ ...row, beside: 'mosh' }).met).toBe(true);
});

test('the page shows a plot for each network that has curves, and no other', () => {
  const pages = lossyPages([PART], { columns: ['et', 'ssh'], networks: LOSSY_NETWORKS });
  expect([...pages.keys()]).toEqual(['plots/loss-29.svg', 'bad-network.md']);
  const page = pages.get('bad-network.md');
  expect(page).toContain('](plots/loss-29.svg)');
  expect(page).toContain(
    'Measured 2026-11-30, Node 20.20.2, 2 processors (A CPU); the load was 0.5 to 2.0.\n',
  );
});

test.each([
  [0, true],
  [98, false],
])(
  'where %i %% of the packets of et were UDP, the page says that it was on TCP: %s',
  (share, isSaid) => {
    const values = new Map([['et', share]]);
    const row = lossyRow({ ...ECHO, measure: 'of the packets, UDP', values });
    const parts = [PART, { ...PART, rows: [row] }];
    const page = lossyPages(parts, { columns: ['et'], networks: [] }).get('bad-network.md') ?? '';
    expect(page.includes('went over TCP too')).toBe(isSaid);
  },
);

test('a part that was measured again takes the place of the earlier one, in the order of the benches', () => {
  const other = { ...PART, name: 'lan' };
  const again = { ...PART, loadBefore: 9 };
  expect(withPart([PART, other], again, ['loss-29', 'lan'])).toEqual([again, other]);
  expect(withPart([other], PART, ['loss-29', 'lan'])).toEqual([PART, other]);
});
