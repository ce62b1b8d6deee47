import { expect, test } from 'vitest';
import { parseSshConfig } from '../../src/bootstrap/ssh-config.ts';
import { asksCompression } from '../../src/etclient/asks-compression.ts';

function asks(options: readonly string[], sshConfig?: string): boolean {
  const config = sshConfig === undefined ? undefined : parseSshConfig(sshConfig);
  return asksCompression({ kind: 'connect', ssh: { options } }, config);
}

test.each([
  ['compression yes\n', true],
  ['compression no\n', false],
  ['', false],
])('ssh -G says it: %j', (sshConfig, expected) => {
  expect(asks([], sshConfig)).toBe(expected);
});

test('what ssh makes of its flags counts, and not what they look like', () => {
  expect(asks(['Compression=yes'], 'compression no\n')).toBe(false);
});

test.each<[readonly string[], boolean]>([
  [['Compression=yes'], true],
  [['Port=1', 'compression YES'], true],
  [['Compression=yes', 'Compression=no'], true],
  [['Compression = no', 'Compression=yes'], false],
  [['CompressionLevel=yes'], false],
  [[], false],
])('without an ssh to ask, the first of its options says it: %j', (options, expected) => {
  expect(asks(options)).toBe(expected);
});

test('a session on this machine is not compressed', () => {
  expect(asksCompression({ kind: 'local' }, undefined)).toBe(false);
});
