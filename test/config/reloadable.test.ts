import { expect, test } from 'vitest';
import { ConfigFile } from '../../src/config/config-file.ts';
import { Reloadable } from '../../src/config/reloadable.ts';

const SCHEMA = {
  keys: [{ name: 'port', kind: 'amount' }],
  objectionTo: () => undefined,
  home: '',
} as const;

test('a mistake leaves what was read last, and cites its line and column', () => {
  let text = 'port = 1';
  const file = new Reloadable(() => new ConfigFile('/f', text, SCHEMA).valuesFor(undefined));
  const port = (): string | undefined => file.current[0]?.entries[0]?.text;
  expect(port()).toBe('1');
  text = '\nport = 2 x';
  expect(file.reload()?.message).toMatch(/^\/f:2:\d+: /u);
  expect(port()).toBe('1');
  text = '\n\nprot = 2';
  expect(file.reload()?.message).toBe('/f:3: unknown key "prot"; did you mean "port"?');
  expect(port()).toBe('1');
  text = 'port = 3';
  expect(file.reload()).toBeUndefined();
  expect(port()).toBe('3');
});

test('what cannot be read at first is thrown, and a bug is not taken for a mistake', () => {
  expect(() => new Reloadable(() => new ConfigFile('/f', 'x', SCHEMA))).toThrow('/f:1:');
  let reads = 0;
  const file = new Reloadable(() => {
    reads += 1;
    if (reads > 1) throw new RangeError('ours');
  });
  expect(() => file.reload()).toThrow(RangeError);
});
