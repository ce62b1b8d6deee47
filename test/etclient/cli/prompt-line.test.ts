import { expect, test } from 'vitest';
import { PROMPT_HELP, parsePromptLine } from '../../../src/etclient/cli/prompt-line.ts';

test.each<[string, unknown]>([
  ['', { kind: 'nothing' }],
  ['   ', { kind: 'nothing' }],
  ['?', { kind: 'help' }],
  [' help ', { kind: 'help' }],
  ['ls', { kind: 'ls' }],
  ['-L 8003:h:80', { kind: 'add', flag: '-L', value: '8003:h:80' }],
  ['-L8003:h:80', { kind: 'add', flag: '-L', value: '8003:h:80' }],
  ['  -R  9000:h:80  ', { kind: 'add', flag: '-R', value: '9000:h:80' }],
  ['add -D 1080', { kind: 'add', flag: '-D', value: '1080' }],
  ['--http-proxy 8080', { kind: 'add', flag: '--http-proxy', value: '8080' }],
  ['--udp-reverse=53:h:53', { kind: 'add', flag: '--udp-reverse', value: '53:h:53' }],
  ['-KL 8003', { kind: 'rm', flag: '-L', value: '8003' }],
  ['-KR9000', { kind: 'rm', flag: '-R', value: '9000' }],
  ['-KD 1080', { kind: 'rm', flag: '-D', value: '1080' }],
  ['rm -U 53', { kind: 'rm', flag: '-U', value: '53' }],
  ['rm --http-proxy 8080', { kind: 'rm', flag: '--http-proxy', value: '8080' }],
  ['-L /a b:/c', { kind: 'add', flag: '-L', value: '/a b:/c' }],
])('%j', (text, line) => {
  expect(parsePromptLine(text)).toEqual(line);
});

test.each(['L 8003', '-L', '-KL', '-K', 'rm', 'add -KL 8003', 'exit', '8003:h:80', '--', '-'])(
  '%j is no command',
  (text) => {
    expect(() => parsePromptLine(text)).toThrow(/^"[^"]+" is no command; help lists them$/u);
  },
);

test('the help fits a terminal', () => {
  expect(PROMPT_HELP.filter((line) => line.length > 80)).toEqual([]);
});
