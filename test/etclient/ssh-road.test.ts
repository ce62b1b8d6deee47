import { expect, test } from 'vitest';
import { parseAliveness } from '../../src/etclient/ssh-road.ts';

test.each<[string, object]>([
  ['EVERTERM-ALIVE alive\n', { kind: 'alive' }],
  ['welcome\r\nEVERTERM-ALIVE alive\r\n', { kind: 'alive' }],
  ['EVERTERM-ALIVE gone\n', { kind: 'gone', why: undefined }],
  [
    'motd\nEVERTERM-ALIVE gone {"why":"it ended 3 h ago: killed"}\n',
    { kind: 'gone', why: 'it ended 3 h ago: killed' },
  ],
  ['EVERTERM-ALIVE gone {"why":7}\n', { kind: 'gone', why: undefined }],
  ['EVERTERM-ALIVE gone {why}\n', { kind: 'gone', why: undefined }],
  ['EVERTERM-ALIVE gone for now\n', { kind: 'unknown' }],
  ['say EVERTERM-ALIVE gone\n', { kind: 'unknown' }],
  ['', { kind: 'unknown' }],
])('the host prints %j', (stdout, aliveness) => {
  expect(parseAliveness(stdout)).toEqual(aliveness);
});
