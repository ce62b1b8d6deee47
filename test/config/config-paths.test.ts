import { expect, test } from 'vitest';
import { configPaths } from '../../src/config/config-paths.ts';

const system = '/etc/everterm/a.toml';

test.each([
  [{}, '/home/u', '/home/u/.config/everterm/a.toml'],
  [{ XDG_CONFIG_HOME: '/x' }, '/home/u', '/x/everterm/a.toml'],
  [{ XDG_CONFIG_HOME: '' }, '/home/u', '/home/u/.config/everterm/a.toml'],
  [{ XDG_CONFIG_HOME: 'relative' }, '/home/u', '/home/u/.config/everterm/a.toml'],
  [{}, '', undefined],
])("with %j and home %j the user's file is %j", (environment, home, user) => {
  expect(configPaths('a.toml', environment, home)).toEqual({ system, user });
});
