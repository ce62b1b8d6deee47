import { expect, test } from 'vitest';
import {
  type BootstrapRequest,
  formatRequest,
  parseRequest,
} from '../../src/wire/bootstrap-request.ts';

const request: BootstrapRequest = {
  protocol: [1, 1],
  features: [],
  port: '60000-61000',
  bind: '',
  graceSeconds: null,
};

test('the request is the line of PROTOCOL.md section 2', () => {
  expect(formatRequest(request)).toBe(
    '{"everterm":1,"protocol":[1,1],"features":[],"port":"60000-61000","bind":"","graceSeconds":null}\n',
  );
});

test.each<[string, BootstrapRequest]>([
  ['the plain one', request],
  ['one port, any port', { ...request, port: '0' }],
  ['features and a grace', { ...request, features: ['zip', 'b'], graceSeconds: 0.5 }],
  ['members of others', { ...request, extra: { attach: 'x', nested: { a: [1] } } }],
  ['a range of versions', { ...request, protocol: [1, 255] }],
])('%s comes back as it was', (_, each) => {
  expect(parseRequest(formatRequest(each))).toEqual(each);
});

test('members of others cannot stand in for our own', () => {
  const line = formatRequest({ ...request, extra: { port: '1', everterm: 2 } });
  expect(parseRequest(line)).toEqual(request);
});

test.each<[string, object]>([
  ['everterm', { everterm: 2 }],
  ['everterm', { everterm: undefined }],
  ['protocol', { protocol: 1 }],
  ['protocol', { protocol: [2, 1] }],
  ['protocol', { protocol: [0, 1] }],
  ['protocol', { protocol: [1, 256] }],
  ['protocol', { protocol: [1, 1, 1] }],
  ['protocol', { protocol: [1, 1.5] }],
  ['features', { features: 'zip' }],
  ['features', { features: [1] }],
  ['features', { features: ['x'.repeat(65)] }],
  ['features', { features: Array.from({ length: 33 }, () => 'x') }],
  ['port', { port: 60_000 }],
  ['port', { port: '' }],
  ['port', { port: '65536' }],
  ['port', { port: '2-1' }],
  ['port', { port: '0-5' }],
  ['port', { port: '1-2-3' }],
  ['port', { port: '-1' }],
  ['port', { port: '1 ' }],
  ['bind', { bind: null }],
  ['bind', { bind: 'a\nb' }],
  ['bind', { bind: 'x'.repeat(256) }],
  ['graceSeconds', { graceSeconds: -1 }],
  ['graceSeconds', { graceSeconds: '5' }],
  ['graceSeconds', { graceSeconds: undefined }],
])('a wrong %s is refused and named: %j', (name, change) => {
  const line = JSON.stringify({ everterm: 1, ...request, ...change });
  expect(() => parseRequest(line)).toThrowError(
    expect.objectContaining({
      code: 'ET_ERR_BOOTSTRAP',
      message: expect.stringContaining(name) as string,
    }),
  );
});

test.each(['', '[]', 'null', '1', '{', '"x"', `{"everterm":1,"x":"${'x'.repeat(20_000)}"}`])(
  'what is no request is refused: %.20s',
  (line) => {
    expect(() => parseRequest(line)).toThrowError(
      expect.objectContaining({ code: 'ET_ERR_BOOTSTRAP' }),
    );
  },
);
