import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkHostKey, type HostKeyCheckOptions } from '../../src/bootstrap/host-key-check.ts';
import { knownHostName, matchesHost } from '../../src/bootstrap/host-pattern.ts';
import {
  fingerprintOf,
  judgeHostKey,
  knownKeyTypes,
  parseKnownHosts,
} from '../../src/bootstrap/known-hosts.ts';
import { appendKnownHost, readKnownHosts } from '../../src/bootstrap/known-hosts-file.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { ScriptedPrompter } from '../support/scripted-prompter.ts';
import { makeKey, publicKeyOf } from '../support/sshd.ts';

/** A key as ssh sends it, made of its type and anything. */
function keyOf(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + body)]);
}
const lineOf = (key: Buffer, type = 'ssh-ed25519'): string => `${type} ${key.toString('base64')}`;
const A = keyOf('ssh-ed25519', 'a');
const B = keyOf('ssh-ed25519', 'b');
const R = keyOf('ssh-rsa', 'r');

describe('a pattern', () => {
  test('in a list is vetoed by a negated one, wherever it stands', async () => {
    expect(await matchesHost('*.example,!bad.example', 'good.example')).toBe(true);
    expect(await matchesHost('*.example,!bad.example', 'bad.example')).toBe(false);
    expect(await matchesHost('!bad.example,*.example', 'bad.example')).toBe(false);
    expect(await matchesHost('!bad.example', 'good.example')).toBe(false);
  });
});

test('the name holds the port where it is not 22', () => {
  expect([
    knownHostName('Host', 22),
    knownHostName('::1', 22),
    knownHostName('Host', 2222),
  ]).toEqual(['host', '::1', '[host]:2222']);
});

describe('a file of known hosts', () => {
  const verdictOn = async (
    text: string,
    key: Buffer,
    host = 'host',
    port = 22,
  ): Promise<unknown> => {
    const verdict = await judgeHostKey(parseKnownHosts(text, 'f'), host, port, key);
    return 'known' in verdict ? `${verdict.kind} ${verdict.known.line}` : verdict.kind;
  };

  test.each([
    ['no line', '', A, 'unknown'],
    ['its own key', `host ${lineOf(A)} comment`, A, 'known'],
    ['another key', `# comment\n\nhost ${lineOf(B)}`, A, 'changed 3'],
    ['one of two keys', `host ${lineOf(B)}\nhost ${lineOf(A)}`, A, 'known'],
    ['a key of another type', `host ${lineOf(R, 'ssh-rsa')}`, A, 'unknown'],
    ['another host', `other ${lineOf(A)}`, A, 'unknown'],
    ['a type that the key is not of', `host ${lineOf(A, 'ssh-rsa')}`, A, 'unknown'],
    ['rubbish', 'host\nhost ssh-ed25519\n@odd host ssh-ed25519 AAAA\n@revoked\n\0', A, 'unknown'],
    ['tabs and line ends of Windows', `host\tssh-ed25519\t${A.toString('base64')}\r\n`, A, 'known'],
    ['a revoked key', `@revoked * ${lineOf(A)}`, A, 'revoked 1'],
    [
      'a key both known and revoked',
      `host ${lineOf(A)}\n@revoked host ${lineOf(A)}`,
      A,
      'revoked 2',
    ],
    ['another key revoked', `@revoked * ${lineOf(B)}`, A, 'unknown'],
    ['the key of an authority', `@cert-authority * ${lineOf(A)}`, A, 'unknown'],
  ])('with %s', async (_, text, key, expected) => {
    expect(await verdictOn(text, key)).toBe(expected);
  });

  test('knows a host on a port of its own, and one on any port by its very key only', async () => {
    expect(await verdictOn(`[host]:2222 ${lineOf(A)}`, A, 'host', 2222)).toBe('known');
    expect(await verdictOn(`[host]:2222 ${lineOf(A)}`, A, 'host', 22)).toBe('unknown');
    expect(await verdictOn(`host ${lineOf(A)}`, A, 'host', 2222)).toBe('known');
    expect(await verdictOn(`host ${lineOf(B)}`, A, 'host', 2222)).toBe('unknown');
    expect(await verdictOn(`[host]:2222 ${lineOf(B)}\nhost ${lineOf(A)}`, A, 'host', 2222)).toBe(
      'changed 1',
    );
    expect(await verdictOn(`@revoked host ${lineOf(A)}`, A, 'host', 2222)).toBe('revoked 1');
  });

  test('tells the types it knows of a host', async () => {
    const entries = parseKnownHosts(
      `host ${lineOf(R, 'ssh-rsa')}\n@cert-authority host ${lineOf(A)}\nother ${lineOf(A)}\nhost ${lineOf(R, 'ssh-rsa')}`,
      'f',
    );
    expect(await knownKeyTypes(entries, 'host', 22)).toEqual(['ssh-rsa']);
    expect(await knownKeyTypes(entries, 'host', 2222)).toEqual(['ssh-rsa']);
    expect(await knownKeyTypes(entries, 'third', 22)).toEqual([]);
  });
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-known-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeNeeding(['ssh-keygen'], 'the files that ssh-keygen makes', () => {
  test.each(['ed25519', 'ecdsa', 'rsa'])(
    'hashed by -H, found by -F, emptied by -R: %s',
    async (type) => {
      const key = join(directory, `key-${type}`);
      makeKey(key, type);
      const [name = '', encoded = ''] = publicKeyOf(key).split(' ');
      const blob = Buffer.from(encoded, 'base64');
      const file = join(directory, `hosts-${type}`);
      await appendKnownHost(file, 'host.example', name, blob);
      await appendKnownHost(file, '[other]:2222', name, blob);
      const keygen = (...words: string[]): string =>
        execFileSync(requireTool('ssh-keygen'), ['-f', file, ...words], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
      expect(keygen('-F', '[other]:2222')).toContain('line 2');
      keygen('-H');
      expect(readFileSync(file, 'utf8')).not.toContain('host.example');
      const entries = await readKnownHosts([file]);
      expect(entries).toHaveLength(2);
      expect(await judgeHostKey(entries, 'HOST.example', 22, blob)).toEqual({ kind: 'known' });
      expect(await judgeHostKey(entries, 'other', 2222, blob)).toEqual({ kind: 'known' });
      expect(await judgeHostKey(entries, 'other', 22, blob)).toEqual({
        kind: 'unknown',
        others: [],
      });
      keygen('-R', '[other]:2222');
      expect(await judgeHostKey(await readKnownHosts([file]), 'other', 2222, blob)).toEqual({
        kind: 'unknown',
        others: [],
      });
      const shown = execFileSync(requireTool('ssh-keygen'), ['-l', '-f', `${key}.pub`], {
        encoding: 'utf8',
      });
      expect(shown).toContain(` ${await fingerprintOf(blob)} `);
    },
  );
});

describe('the check of a host key', () => {
  let file: string;
  let count = 0;
  beforeEach(() => {
    count += 1;
    file = join(directory, `made/${count}/known_hosts`);
  });

  const check = async (
    text: string,
    prompter: ScriptedPrompter,
    options: Partial<HostKeyCheckOptions> = {},
  ): Promise<void> => {
    const entries = parseKnownHosts(text, '/x/known_hosts');
    const base = {
      host: 'host',
      port: 2222,
      entries,
      appendTo: file,
      strictness: 'ask',
      batch: false,
      prompter,
    } as const;
    await checkHostKey({ ...base, ...options }, A);
  };
  const written = (): string => readFileSync(file, 'utf8');

  test('asks nothing about a known one', async () => {
    const prompter = new ScriptedPrompter([]);
    await check(`[host]:2222 ${lineOf(A)}`, prompter);
    expect(prompter.transcript).toEqual([]);
  });

  test.each([
    ['yes', ['yes']],
    ['the fingerprint', ['FINGERPRINT']],
    ['yes after something else', ['y', 'SHA256:abc', 'YES']],
  ])('asks about an unknown one, and keeps it on %s', async (_, answers) => {
    const fingerprint = await fingerprintOf(A);
    const prompter = new ScriptedPrompter(
      answers.map((answer) => answer.replace('FINGERPRINT', fingerprint)),
    );
    await check('', prompter);
    expect(prompter.transcript.join('\n')).toContain(
      `ssh-ed25519 key fingerprint is ${await fingerprintOf(A)}.`,
    );
    expect(written()).toBe(`[host]:2222 ${lineOf(A)}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  });

  test.each([['no'], [undefined]])('refuses an unknown one on %j', async (answer) => {
    await expect(check('', new ScriptedPrompter([answer]))).rejects.toMatchObject({
      code: 'ET_ERR_HOST_KEY',
    });
    expect(written).toThrow();
  });

  test('asks nobody in batch mode or when told to be strict', async () => {
    const prompter = new ScriptedPrompter([]);
    const message = `the host key of host, ssh-ed25519 ${await fingerprintOf(A)}, is not known`;
    await expect(check('', prompter, { batch: true })).rejects.toMatchObject({ message });
    await expect(check('', prompter, { strictness: 'yes' })).rejects.toMatchObject({ message });
    await check('', prompter, { strictness: 'accept-new', batch: true });
    expect(written()).toContain('[host]:2222');
  });

  test.each(['ask', 'yes', 'accept-new', 'no'] as const)(
    'refuses a changed one with both fingerprints when told %s',
    async (strictness) => {
      const prompter = new ScriptedPrompter([]);
      const old = `\n[host]:2222 ${lineOf(B)}`;
      // Before the check begins: a rejection that nobody awaits yet ends the run.
      const [shown, known] = [await fingerprintOf(A), await fingerprintOf(B)];
      await expect(check(old, prompter, { strictness })).rejects.toMatchObject({
        code: 'ET_ERR_HOST_KEY',
        message: `the host key of host has changed: it shows ssh-ed25519 ${shown}, known is ssh-ed25519 ${known} (/x/known_hosts:2)`,
        advice:
          "somebody may be listening; if the change is expected: ssh-keygen -f /x/known_hosts -R '[host]:2222'",
      });
    },
  );

  test('refuses a revoked one', async () => {
    await expect(
      check(`@revoked * ${lineOf(A)}`, new ScriptedPrompter(['yes']), { strictness: 'no' }),
    ).rejects.toMatchObject({
      code: 'ET_ERR_HOST_KEY',
      message: expect.stringContaining('is revoked by /x/known_hosts:1'),
    });
  });

  test('says what else is known of the host', async () => {
    const prompter = new ScriptedPrompter(['no']);
    const text = `[host]:2222 ${lineOf(R, 'ssh-rsa')}\n@cert-authority *:2222 ${lineOf(B)}`;
    await expect(check(text, prompter)).rejects.toThrow();
    expect(prompter.transcript).toContain(
      'A key of another type is known for it: ssh-rsa (/x/known_hosts:1).',
    );
    expect(prompter.transcript).toContain(
      'An authority for its certificates is known (/x/known_hosts:2), but the builtin ssh cannot check certificates.',
    );
  });

  test('goes on when the key cannot be kept, and says so', async () => {
    const prompter = new ScriptedPrompter(['yes']);
    await check('', prompter, { appendTo: '/dev/null/known_hosts' });
    expect(prompter.transcript.at(-1)).toContain('Could not add the key to /dev/null/known_hosts');
  });

  test('adds a line of its own to a file without a last line end', async () => {
    const path = join(directory, 'unfinished');
    writeFileSync(path, 'other x y');
    await check('', new ScriptedPrompter(['yes']), { appendTo: path });
    expect(readFileSync(path, 'utf8')).toBe(`other x y\n[host]:2222 ${lineOf(A)}\n`);
  });

  test('trusts nothing when a file cannot be read', async () => {
    await expect(readKnownHosts([directory])).rejects.toMatchObject({ code: 'ET_ERR_HOST_KEY' });
    expect(await readKnownHosts([join(directory, 'none')])).toEqual([]);
  });
});
