import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import {
  type BootstrapFailure,
  type BootstrapOutcome,
  type BootstrapReply,
  formatFailure,
  formatReply,
} from '../../src/wire/bootstrap-reply.ts';
import { ReplyScanner } from '../../src/wire/reply-scanner.ts';

const reply: BootstrapReply = {
  protocol: 1,
  features: ['zip'],
  session: new Uint8Array(16).fill(0x51),
  route: new Uint8Array(16).fill(0x70),
  passkey: new Uint8Array(32).fill(0x9a),
  port: 60_000,
  server: '0.1.0',
};
const full: BootstrapReply = {
  ...reply,
  addresses: ['192.0.2.1', '2001:db8::1'],
  notices: ['loginctl enable-linger'],
  detached: 2,
};
const failure: BootstrapFailure = {
  code: 'node-too-old',
  message: 'found node 18',
  advice: 'install 20',
};
const found: BootstrapOutcome = { kind: 'reply', reply };

function scan(...chunks: readonly (string | Uint8Array)[]): BootstrapOutcome | undefined {
  const scanner = new ReplyScanner();
  for (const chunk of chunks) {
    const outcome = scanner.push(chunk);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

test('the reply is the line of PROTOCOL.md section 2', () => {
  expect(formatReply({ ...reply, features: [] })).toBe(
    `EVERTERM-REPLY {"protocol":1,"features":[],"session":"${'51'.repeat(16)}","route":"${'70'.repeat(16)}",` +
      `"passkey":"${'9a'.repeat(32)}","port":60000,"server":"0.1.0"} EVERTERM-END\n`,
  );
  expect(formatFailure(failure)).toBe(
    'EVERTERM-REPLY {"error":{"code":"node-too-old","message":"found node 18","advice":"install 20"}} EVERTERM-END\n',
  );
});

test('replies and failures come back as they were', () => {
  expect(scan(formatReply(reply))).toEqual(found);
  expect(scan(formatReply(full))).toEqual({ kind: 'reply', reply: full });
  expect(scan(formatFailure(failure))).toEqual({ kind: 'failure', failure });
});

test('a reply cut at any place, as text and as bytes, is found at its last byte and not before', () => {
  const text = `Welcome! é\r\n${formatReply(reply).trimEnd()}`;
  const bytes = utf8(text);
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const scanner = new ReplyScanner();
    expect(scanner.push(bytes.subarray(0, cut))).toBeUndefined();
    expect(scanner.push(bytes.subarray(cut))).toEqual(found);
  }
  expect(scan(...text.split(''))).toEqual(found);
});

describe('noise is put up with', () => {
  const line = formatReply(reply).trimEnd();
  test.each([
    ['a greeting before', `*** Last login {today} ***\r\n\x1b[31m${line}`],
    ['text after', `${line}\r\nlogout\n`],
    ['no line of its own', `prompt$ ${line}prompt$ `],
    ['carriage returns and a bell around the object', line.replace(/ (?=\{)/u, '\r\n\x07')],
    ['a begin marker before', `EVERTERM-REPLY and more\n${line}`],
    ['an end marker before', `EVERTERM-END\n${line}`],
    ['an echoed command with both markers', `+ printf "EVERTERM-REPLY %s EVERTERM-END" x\n${line}`],
    ['a whole reply that is no JSON', `EVERTERM-REPLY {nonsense} EVERTERM-END ${line}`],
    ['a whole reply with a missing member', `EVERTERM-REPLY {"protocol":1} EVERTERM-END ${line}`],
    ['braces between marker and reply', line.replace('{', '{"a":1} {x} {')],
    ['braces between reply and marker', line.replace('} EVERTERM', '} EVERTERM')],
    ['half a marker', `EVERTERM-REPL ${line}`],
    ['a marker in a marker', `EVERTERM-EVERTERM-REPLY EVERTERM-REPLY ${line}`],
  ])('%s', (_, output) => {
    expect(scan(output)).toEqual(found);
    expect(scan(...output.split(''))).toEqual(found);
  });

  test('bytes that are not UTF-8', () => {
    expect(scan(Uint8Array.of(0xff, 0xfe, 0xe2), utf8(line))).toEqual(found);
  });

  test('any text, in any chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 50 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
        (before, after, sizes) => {
          const text = `${before}${line}${after}`;
          const chunks: string[] = [];
          for (let at = 0; at < text.length; ) {
            const size = sizes[chunks.length % sizes.length] ?? 1;
            chunks.push(text.slice(at, at + size));
            at += size;
          }
          expect(scan(...chunks)).toEqual(found);
        },
      ),
      { numRuns: 100 },
    );
  });
});

test('a megabyte of noise before the reply is not kept, in one chunk or in many', () => {
  const noise = 'All work and no play {makes} EVERTERM-REPLY a dull shell. '.repeat(20_000);
  const scanner = new ReplyScanner();
  expect(scanner.push(noise)).toBeUndefined();
  expect(scanner.seen.length).toBeLessThanOrEqual(65_536);
  expect(scanner.push(formatReply(reply))).toEqual(found);
  expect(scan(`${noise}${formatReply(reply)}${noise}`)).toEqual(found);
  expect(scan(formatReply(reply) + noise)).toEqual(found);
});

test('more than 16 Ki characters between the markers is no reply', () => {
  const padded = (spaces: number): string =>
    formatReply(reply).replace(' {', `${' '.repeat(spaces)}{`);
  expect(scan(padded(15_000))).toEqual(found);
  expect(scan(padded(17_000))).toBeUndefined();
});

test('no reply hides in another: markers within members are escaped', () => {
  const tricky = { ...failure, message: formatReply(reply).trimEnd() };
  const text = formatFailure(tricky);
  expect(text.match(/EVERTERM/gu)).toHaveLength(2);
  expect(scan(text)).toEqual({ kind: 'failure', failure: tricky });
});

test('the reply is plain ASCII whatever its members say, and they come back', () => {
  const spoken = { ...full, notices: ['übrig: €5 😀'] };
  const text = formatReply(spoken);
  expect(/^[\x20-\x7e]+\n$/u.test(text)).toBe(true);
  expect(scan(text)).toEqual({ kind: 'reply', reply: spoken });
});

test('control characters in what the user will read become spaces', () => {
  const outcome = scan(formatFailure({ code: 'x', message: 'a\x1b]0;b\x07\nc', advice: '\x9b5n' }));
  expect(outcome).toEqual({
    kind: 'failure',
    failure: { code: 'x', message: 'a ]0;b  c', advice: ' 5n' },
  });
  const notices = scan(formatReply({ ...reply, notices: ['a\u0000b'] }));
  expect(notices).toEqual({ kind: 'reply', reply: { ...reply, notices: ['a b'] } });
});

test.each<[string, object]>([
  ['protocol', { protocol: 0 }],
  ['protocol', { protocol: '1' }],
  ['features', { features: null }],
  ['session', { session: '51'.repeat(15) }],
  ['session', { session: 'zz'.repeat(16) }],
  ['route', { route: 5 }],
  ['passkey', { passkey: '9a'.repeat(31) }],
  ['passkey', { passkey: `${'9a'.repeat(31)}9` }],
  ['port', { port: 65_536 }],
  ['port', { port: -1 }],
  ['port', { port: 1.5 }],
  ['server', { server: 'a\x1bb' }],
  ['addresses', { addresses: 'x' }],
  ['addresses', { addresses: ['a\nb'] }],
  ['notices', { notices: {} }],
  ['detached', { detached: -1 }],
])('a reply with a wrong %s is noise, and said to be: %j', (name, change) => {
  const text = formatReply(reply);
  const json = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as object;
  const scanner = new ReplyScanner();
  const wrong = JSON.stringify({ ...json, ...change });
  expect(scanner.push(`EVERTERM-REPLY ${wrong} EVERTERM-END`)).toBeUndefined();
  expect(scanner.problem).toContain(name);
  expect(scanner.problem).not.toContain('9a9a');
  expect(scanner.push(text)).toEqual(found);
});

test('what cannot be parsed is never quoted: it may hold a key', () => {
  const scanner = new ReplyScanner();
  scanner.push(formatReply(reply).replace('}', ''));
  expect(scanner.problem).toBeUndefined();
  scanner.push(formatReply(reply).replace(',', ''));
  expect(scanner.problem).toBe("the host's reply: not JSON");
});

test('unknown members are ignored', () => {
  const text = formatReply(reply).replace('{', '{"later":{"a":[1]},');
  expect(scan(text)).toEqual(found);
});
