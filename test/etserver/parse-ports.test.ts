import { expect, test } from 'vitest';
import { parsePorts } from '../../src/etserver/parse-ports.ts';

test.each([
  ['60000', { first: 60_000, last: 60_000 }],
  ['60000-61000', { first: 60_000, last: 61_000 }],
  ['1-65535', { first: 1, last: 65_535 }],
  ['0', { first: 0, last: 0 }],
])('%s', (text, range) => {
  expect(parsePorts(text)).toEqual(range);
});

test.each([
  '',
  '-',
  '5-',
  '-5',
  '65536',
  '9-8',
  '0-5',
  '1-65536',
  '1,2',
  ' 5',
  '5 ',
  '0x10',
  '1e3',
  '123456',
])('refuses %j, and names it', (text) => {
  expect(() => parsePorts(text)).toThrow(
    expect.objectContaining({ code: 'ET_ERR_BOOTSTRAP', message: expect.stringContaining(text) }),
  );
});
