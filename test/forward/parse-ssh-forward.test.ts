import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Endpoint,
  formatEndpoint,
  formatListenPlace,
  type ListenPlace,
} from '../../src/forward/endpoint.ts';
import {
  parseDynamicForward,
  parseLocalForward,
  parseRemoteForward,
  parseStdioForward,
} from '../../src/forward/parse-ssh-forward.ts';
import { anyEndpoint, anyListen, complaintOf, expectReadOrRefused } from './any-place.ts';

function at(bind: string, port: number): ListenPlace {
  return { kind: 'tcp', bind, port };
}

function to(host: string, port: number): Endpoint {
  return { kind: 'tcp', host, port };
}

function socket(path: string): { kind: 'unix'; path: string } {
  return { kind: 'unix', path };
}

const BOTH: [string, ListenPlace, Endpoint][] = [
  ['8003:db:5432', at('localhost', 8003), to('db', 5432)],
  ['localhost:8003:db:5432', at('localhost', 8003), to('db', 5432)],
  [':8003:db:5432', at('*', 8003), to('db', 5432)],
  ['*:8003:db:5432', at('*', 8003), to('db', 5432)],
  ['[*]:8003:db:5432', at('*', 8003), to('db', 5432)],
  ['[]:8003:[db]:5432', at('*', 8003), to('db', 5432)],
  ['0.0.0.0:8003:db:5432', at('0.0.0.0', 8003), to('db', 5432)],
  ['[::1]:8003:[fe80::1%eth0]:80', at('::1', 8003), to('fe80::1%eth0', 80)],
  [String.raw`\:\:1:8003:2001\:db8\:\:5:80`, at('::1', 8003), to('2001:db8::5', 80)],
  ['1:h:65535', at('localhost', 1), to('h', 65_535)],
  ['65535:h:1', at('localhost', 65_535), to('h', 1)],
  ['8003:/run/r.sock', at('localhost', 8003), socket('/run/r.sock')],
  ['10.0.0.1:8003:/run/r.sock', at('10.0.0.1', 8003), socket('/run/r.sock')],
  ['/tmp/l.sock:db:5432', socket('/tmp/l.sock'), to('db', 5432)],
  ['/tmp/l.sock:/run/r.sock', socket('/tmp/l.sock'), socket('/run/r.sock')],
  ['[/tmp/l:1]:[/run/r:2]', socket('/tmp/l:1'), socket('/run/r:2')],
  ['/tmp/a b:[::1]:80', socket('/tmp/a b'), to('::1', 80)],
];

const BAD: [string, string][] = [
  ['', 'it lacks a part'],
  ['8003:db', 'it lacks a part'],
  ['8003/db/5432', 'it lacks a part'],
  ['8003::5432', 'the host is empty'],
  ['8003:*:5432', '"*" is no host'],
  ['8003:d b:5432', '"d b" is no host'],
  ['8003:d\nb:5432', '"d\\nb" is no host'],
  ['8003:db:', '"" is no port within 1-65535'],
  ['8003:db:0', '"0" is no port within 1-65535'],
  ['8003:db:65536', '"65536" is no port within 1-65535'],
  ['8003:db:https', '"https" is no port within 1-65535'],
  ['8003:db:0x10', '"0x10" is no port'],
  ['8003:db:1e3', '"1e3" is no port'],
  ['8003:db:-1', '"-1" is no port'],
  ['8003:db:5432 ', '"5432 " is no port'],
  ['65536:db:1', '"65536" is no port'],
  ['http:db:1', '"http" is no port'],
  ['a:b:c:d', '"b" is no port'],
  ['::1:8003:db:5432', 'it has too many parts (an IPv6 address goes into brackets)'],
  ['8003:fe80::1:5432', 'it has too many parts'],
  ['[::1:8003:db:5432', 'the brackets of part 1 do not enclose it'],
  ['8003:[::1]0:5432', 'the brackets of part 2 do not enclose it'],
  ['8003:[fe80:1]:5432', '"fe80:1" is no IPv6 address'],
  ['8003:db:5432\\', 'part 3 ends in a backslash'],
  ['8003:run/x.sock', 'the path "run/x.sock" does not begin with /'],
  ['~/x.sock:db:1', 'the path "~/x.sock" does not begin with /'],
  ['8003:/a\0', 'has a control character'],
  ['/a:8003:db:1', '"/a" is no host'],
  ['8003:/a:5432', '"/a" is no host'],
  [`8003:/${'x'.repeat(103)}`, 'a path of 104 bytes, 103 at most'],
  [`8003:/${'é'.repeat(52)}`, 'a path of 105 bytes, 103 at most'],
  [`8003:${'x'.repeat(256)}:1`, 'a host of 256 characters, 255 at most'],
];

describe.each([
  ['-L', 'local', parseLocalForward],
  ['-R', 'remote', parseRemoteForward],
] as const)('%s', (flag, kind, parse) => {
  test.each(BOTH)('reads %j', (text, listen, target) => {
    expect(parse(text, flag)).toEqual({ kind, listen, target, source: `${flag} ${text}` });
  });

  test('reads back every forward that can be written', () => {
    fc.assert(
      fc.property(anyListen(1), anyEndpoint, (listen, target) => {
        const text = `${formatListenPlace(listen)}:${formatEndpoint(target)}`;
        expect(parse(text, flag)).toEqual({ kind, listen, target, source: `${flag} ${text}` });
      }),
    );
  });

  test('takes a path of 103 bytes and a host of 255 characters', () => {
    const path = `/${'x'.repeat(102)}`;
    const host = 'x'.repeat(255);
    expect(parse(`1:${path}`, flag).target).toEqual(socket(path));
    expect(parse(`1:${host}:2`, flag).target).toEqual(to(host, 2));
  });

  test('reads any text, or refuses it in one line', () => {
    expectReadOrRefused(flag, (text) => [parse(text, flag)]);
  });
});

describe('-L', () => {
  test.each(BAD)('refuses %j: %s', (text, problem) => {
    const said = complaintOf('-L', () => parseLocalForward(text, '-L'));
    expect(said).toContain(problem);
    expect(said).toContain('write [bind:]port:host:hostport, as in -L 8003:db:5432');
  });

  test('refuses port 0, which only the far end may choose', () => {
    expect(complaintOf('-L', () => parseLocalForward('0:db:1', '-L'))).toContain('"0" is no port');
  });

  test('says the whole line as it is to be read', () => {
    expect(complaintOf('-L', () => parseLocalForward('8003:db:http', '-L'))).toBe(
      '-L "8003:db:http": "http" is no port within 1-65535; write [bind:]port:host:hostport, as in -L 8003:db:5432, or a socket\'s /path for either half',
    );
  });

  test('repeats no more than the beginning of a long text', () => {
    const said = complaintOf('-L', () => parseLocalForward('x'.repeat(5000), '-L'));
    expect(said.length).toBeLessThan(500);
  });
});

describe('-R', () => {
  test.each([
    ['9000', at('localhost', 9000)],
    ['0', at('localhost', 0)],
    ['*:0', at('*', 0)],
    [':9000', at('*', 9000)],
    ['[::1]:9000', at('::1', 9000)],
    ['/run/q.sock', socket('/run/q.sock')],
  ] as [string, ListenPlace][])('reads %j as a SOCKS proxy at the far end', (text, listen) => {
    const spec = { kind: 'remote', listen, target: undefined, source: `-R ${text}` };
    expect(parseRemoteForward(text, '-R')).toEqual(spec);
  });

  test('takes port 0 to listen at, not to connect to', () => {
    expect(parseRemoteForward('0:db:1', '-R').listen).toEqual(at('localhost', 0));
    expect(parseRemoteForward('h:0:/x', '-R').listen).toEqual(at('h', 0));
    expect(complaintOf('-R', () => parseRemoteForward('1:db:0', '-R'))).toContain(
      '"0" is no port within 1-65535',
    );
  });

  test.each([
    ['', '"" is no port within 0-65535'],
    ['db', '"db" is no port within 0-65535'],
    ['9000:db', '"db" is no port within 0-65535'],
    ['/a:5', '"/a" is no host'],
    ['a/b', 'the path "a/b" does not begin with /'],
    ['1:2:3:4:5', 'it has too many parts'],
    ['[::1]9000', 'the brackets of part 1 do not enclose it'],
  ])('refuses %j: %s', (text, problem) => {
    const said = complaintOf('-R', () => parseRemoteForward(text, '-R'));
    expect(said).toContain(`: ${problem}`);
    expect(said).toContain('as in -R 9000:localhost:22');
  });
});

describe('-D', () => {
  test.each([
    ['1080', at('localhost', 1080)],
    ['localhost:1080', at('localhost', 1080)],
    ['*:1080', at('*', 1080)],
    [':1080', at('*', 1080)],
    ['[::1]:1080', at('::1', 1080)],
    ['/run/socks', socket('/run/socks')],
  ] as [string, ListenPlace][])('reads %j', (text, listen) => {
    const spec = { kind: 'dynamic', listen, target: undefined, source: `-D ${text}` };
    expect(parseDynamicForward(text, '-D')).toEqual(spec);
  });

  test.each([
    ['', '"" is no port within 1-65535'],
    ['0', '"0" is no port within 1-65535'],
    ['65536', '"65536" is no port'],
    ['::1:1080', 'it has too many parts'],
    ['1080:db:1', 'it has too many parts'],
  ])('refuses %j: %s', (text, problem) => {
    const said = complaintOf('-D', () => parseDynamicForward(text, '-D'));
    expect(said).toContain(`: ${problem}`);
    expect(said).toContain('write [bind:]port, as in -D 1080');
  });

  test('reads any text, or refuses it in one line', () => {
    expectReadOrRefused('-D', (text) => [parseDynamicForward(text, '-D')]);
  });
});

describe('GatewayPorts', () => {
  const open = { gatewayPorts: true };

  test('lets a port without a bind listen on all addresses', () => {
    expect(parseLocalForward('8003:db:1', '-L', open).listen).toEqual(at('*', 8003));
    expect(parseDynamicForward('1080', '-D', open).listen).toEqual(at('*', 1080));
  });

  test('leaves a bind as it was written', () => {
    const local = parseLocalForward('localhost:8003:db:1', '-L', open);
    expect(local.listen).toEqual(at('localhost', 8003));
    expect(parseDynamicForward('[::1]:1080', '-D', open).listen).toEqual(at('::1', 1080));
    expect(parseLocalForward('/a:db:1', '-L', open).listen).toEqual(socket('/a'));
  });

  test('is off unless it is given', () => {
    const closed = parseLocalForward('8003:db:1', '-L', { gatewayPorts: false });
    expect(closed.listen).toEqual(at('localhost', 8003));
    expect(parseDynamicForward('1080', '-D').listen).toEqual(at('localhost', 1080));
  });
});

describe('-W', () => {
  test.each([
    ['db:5432', to('db', 5432)],
    ['[::1]:80', to('::1', 80)],
    ['/run/x.sock', socket('/run/x.sock')],
  ])('reads %j', (text, endpoint) => {
    expect(parseStdioForward(text, '-W')).toEqual(endpoint);
  });

  test('reads back every endpoint that can be written', () => {
    fc.assert(
      fc.property(anyEndpoint, (endpoint) => {
        expect(parseStdioForward(formatEndpoint(endpoint), '-W')).toEqual(endpoint);
      }),
    );
  });

  test.each([
    ['', 'it lacks a part'],
    ['80', 'it lacks a part'],
    [':80', 'the host is empty'],
    ['db:0', '"0" is no port within 1-65535'],
    ['db:ssh', '"ssh" is no port'],
    ['::1:80', 'it has too many parts'],
    ['/a:80', '"/a" is no host'],
    ['db:80:', 'it has too many parts'],
  ])('refuses %j: %s', (text, problem) => {
    const said = complaintOf('-W', () => parseStdioForward(text, '-W'));
    expect(said).toContain(`: ${problem}`);
    expect(said).toContain('write host:port, as in -W db:5432');
  });

  test('reads any text, or refuses it in one line', () => {
    expectReadOrRefused('-W', (text) => [{ target: parseStdioForward(text, '-W') }]);
  });
});
