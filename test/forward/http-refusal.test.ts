import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { HttpRefusal } from '../../src/forward/http-refusal.ts';
import { TunnelRefusal } from '../../src/forward/tunnel-refusal.ts';
import { REASON } from '../../src/wire/messages.ts';

test('the reason is found in the error, in its reason, and down its causes', () => {
  const refusal = new TunnelRefusal(REASON.notPermitted, 'no');
  const withReason = Object.assign(new EtError('ET_ERR_FORWARD', 'x'), {
    reason: { code: REASON.notPermitted, text: 'no' },
  });
  const inner = new EtError('ET_ERR_FORWARD', 'outer', {
    cause: new Error('y', { cause: refusal }),
  });
  for (const thrown of [refusal, withReason, inner]) {
    expect(HttpRefusal.of(thrown)).toMatchObject({ status: 403, message: 'no' });
  }
});

test.each([
  [new Error('broken'), 'broken'],
  ['a string', 'a string'],
  [undefined, 'undefined'],
])('what is thrown without a reason is a bad gateway: %j', (thrown, message) => {
  expect(HttpRefusal.of(thrown)).toMatchObject({ status: 502, message });
});

test('causes that go round in circles come to an end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(HttpRefusal.of(error)).toMatchObject({ status: 502, message: 'round' });
});

test('a text of the other end is one line, bounded, and no header', () => {
  const refusal = new HttpRefusal(502, `a\r\nSet-Cookie: x\u2028${'é'.repeat(5000)}`);
  const [head = '', body = ''] = refusal.format().split('\r\n\r\n');
  expect(head).not.toContain('Set-Cookie');
  expect(body).toMatch(/^et: a\?Set-Cookie: x\?é+\n$/u);
  expect(body.length).toBeLessThan(1100);
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}\r\n`);
  expect(new HttpRefusal(403, '').line).toBe('et: Forbidden\n');
});
