import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Endpoint,
  formatEndpoint,
  formatListenPlace,
  type ListenPlace,
} from '../../src/forward/endpoint.ts';
import { formatForward } from '../../src/forward/forward-spec.ts';
import { parseTunnels } from '../../src/forward/parse-tunnel.ts';
import {
  anyEndpoint,
  anyTcpEndpoint,
  anyTcpListen,
  anyVariable,
  complaintOf,
  expectReadOrRefused,
} from './any-place.ts';

const KINDS = [
  ['-t', 'local'],
  ['-r', 'remote'],
] as const;

describe.each(KINDS)('%s', (flag, kind) => {
  test.each([
    ['8000:80', ['8000 -> localhost:80']],
    ['8000:80,9000:90', ['8000 -> localhost:80', '9000 -> localhost:90']],
    ['8000-8002:80-82', ['8000 -> localhost:80', '8001 -> localhost:81', '8002 -> localhost:82']],
    ['7-7:9-9', ['7 -> localhost:9']],
    ['7-7:9', ['7 -> localhost:9']],
    ['/tmp/a:/tmp/b', ['/tmp/a -> /tmp/b']],
    ['8000:/tmp/b', ['8000 -> /tmp/b']],
    ['/tmp/a:80', ['/tmp/a -> localhost:80']],
    ['8000:db:80', ['8000 -> db:80']],
    ['127.0.0.1:8000:db:80', ['127.0.0.1:8000 -> db:80']],
    ['*:8000:db:80', ['*:8000 -> db:80']],
    [':8000:db:80', ['*:8000 -> db:80']],
    ['localhost:8000:db:80', ['8000 -> db:80']],
    ['[::1]:8000:[fe80::1]:80', ['[::1]:8000 -> [fe80::1]:80']],
    ['*:8000:/tmp/b', ['*:8000 -> /tmp/b']],
    ['/tmp/a:db:80', ['/tmp/a -> db:80']],
    ['*:8000-8001:db:80-81', ['*:8000 -> db:80', '*:8001 -> db:81']],
    ['1:65535,65535:1', ['1 -> localhost:65535', '65535 -> localhost:1']],
  ])('reads %j', (text, forwards) => {
    expect(parseTunnels(text, kind, flag).map(formatForward)).toEqual(forwards);
  });

  test('says with each forward the item that it comes from', () => {
    const specs = parseTunnels('8000-8001:80-81,/a:/b', kind, flag);
    expect(specs.map((spec) => [spec.kind, spec.source])).toEqual([
      [kind, `${flag} 8000-8001:80-81`],
      [kind, `${flag} 8000-8001:80-81`],
      [kind, `${flag} /a:/b`],
    ]);
  });

  test('reads a range of 1,000 ports, and no longer one', () => {
    const specs = parseTunnels('1001-2000:3001-4000', kind, flag);
    expect(specs).toHaveLength(1000);
    expect(specs.map(formatForward).at(-1)).toBe('2000 -> localhost:4000');
    const said = complaintOf(flag, () => parseTunnels('1000-2000:3000-4000', kind, flag));
    expect(said).toContain(': the range "1000-2000" has 1001 ports, 1000 at most');
  });

  test.each([
    ['', 'it is empty'],
    [' ', 'it is empty'],
    [',', 'item 1, "": it is empty'],
    ['1:2,', 'item 2, "": it is empty'],
    [',1:2', 'item 1, "": it is empty'],
    ['1:2, ,3:4', 'item 2, " ": it is empty'],
    ['1:2, 3:4', 'item 2, " 3:4": " 3" is no port'],
    ['1:2,3:4,8000', 'item 3, "8000": it lacks a part'],
    ['1:2,8000:80:90:100:110', 'item 2, "8000:80:90:100:110": it has too many parts'],
    ['/tmp/a', 'it lacks a part'],
    ['8000:', '"" is no port within 1-65535'],
    [':80', '"" is no port within 1-65535'],
    ['0:80', '"0" is no port within 1-65535'],
    ['80:0', '"0" is no port within 1-65535'],
    ['1:2,65536:80', 'item 2, "65536:80": "65536" is no port within 1-65535'],
    ['80:65536', '"65536" is no port within 1-65535'],
    ['80:http', '"http" is no port'],
    ['8001-8000:80-81', 'the range "8001-8000" runs backwards'],
    ['8000-8001:81-80', 'the range "81-80" runs backwards'],
    ['0-5:1-6', '"0" is no port'],
    ['65530-65536:1-7', '"65536" is no port'],
    ['-5:1-5', '"" is no port'],
    ['5-:1-5', '"" is no port'],
    ['1-2-3:1-3', '"1-2-3" is no port'],
    ['8000-8010:80-89', 'it listens at 11 ports and connects to 10 ports'],
    ['8000-8001:80', 'it listens at 2 ports and connects to 1 port'],
    ['8000-8001:/tmp/b', 'it listens at 2 ports and connects to 1 socket'],
    ['/tmp/a:80-81', 'it listens at 1 socket and connects to 2 ports'],
    ['8000::80', 'the host is empty'],
    ['::1:8000:db:80', 'it has too many parts (an IPv6 address goes into brackets)'],
    ['[::1:8000:db:80', 'the brackets of part 1 do not enclose it'],
    ['a/b:80', 'the path "a/b" does not begin with /'],
    ['80:a/b', 'the path "a/b" does not begin with /'],
    ['NAME:db:80', '"NAME" is no port'],
    ['80:NAME', '"NAME" is no port'],
  ])('refuses %j: %s', (text, problem) => {
    const said = complaintOf(flag, () => parseTunnels(text, kind, flag));
    expect(said).toContain(`: ${problem}`);
    expect(said).toContain(`as in ${flag} 8000:80,9000-9003:9000-9003`);
  });

  test('reads back every list that can be written', () => {
    const pair = fc.tuple(anyTcpListen(1), anyTcpEndpoint);
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 5 }), (pairs) => {
        const text = pairs.map(([listen, target]) => write(listen, target)).join(',');
        const specs = parseTunnels(text, kind, flag);
        expect(specs.map(({ listen, target }) => [listen, target])).toEqual(pairs);
      }),
    );
  });

  test('reads any text, or refuses it in one line', () => {
    expectReadOrRefused(flag, (text) => parseTunnels(text, kind, flag));
  });
});

describe('a variable', () => {
  test('holds the path of a socket at the far end', () => {
    expect(parseTunnels('SSH_AUTH_SOCK:/run/agent,_x9:80', 'remote', '-r')).toEqual([
      {
        kind: 'remote',
        listen: { kind: 'variable', name: 'SSH_AUTH_SOCK' },
        target: { kind: 'unix', path: '/run/agent' },
        source: '-r SSH_AUTH_SOCK:/run/agent',
      },
      {
        kind: 'remote',
        listen: { kind: 'variable', name: '_x9' },
        target: { kind: 'tcp', host: 'localhost', port: 80 },
        source: '-r _x9:80',
      },
    ]);
  });

  test('is refused where no program would see it', () => {
    expect(complaintOf('-t', () => parseTunnels('1:2,NAME:/a', 'local', '-t'))).toContain(
      'item 2, "NAME:/a": the variable NAME would be for programs on this side, and none is started here',
    );
  });

  test.each([
    ['9X:/a', '"9X" is no port'],
    ['A-B:/a', '"A" is no port'],
    ['A B:/a', '"A B" is no port'],
    [`${'A'.repeat(65)}:/a`, 'is no port'],
    ['NAME:80-81', 'it listens at 1 socket and connects to 2 ports'],
    ['NAME', 'it lacks a part'],
  ])('is not what %j has', (text, problem) => {
    expect(complaintOf('-r', () => parseTunnels(text, 'remote', '-r'))).toContain(problem);
  });

  test('is told apart from every port', () => {
    const target = anyEndpoint.filter((each) => each.kind === 'unix');
    fc.assert(
      fc.property(anyVariable, target, (listen, endpoint) => {
        const specs = parseTunnels(write(listen, endpoint), 'remote', '-r');
        expect(specs.map((spec) => spec.listen)).toEqual([listen]);
      }),
    );
  });
});

function write(listen: ListenPlace, target: Endpoint): string {
  return `${formatListenPlace(listen)}:${formatEndpoint(target)}`;
}
