import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatEndpoint, formatListenPlace } from '../../src/forward/endpoint.ts';
import { formatForward } from '../../src/forward/forward-spec.ts';
import { parseUdpForward } from '../../src/forward/parse-udp-forward.ts';
import { anyTcpEndpoint, anyTcpListen, complaintOf, expectReadOrRefused } from './any-place.ts';

describe.each([
  ['--udp', 'udp'],
  ['--udp-reverse', 'udp-reverse'],
] as const)('%s', (flag, kind) => {
  test.each([
    ['5353:dns:53', '5353 -> dns:53'],
    ['*:5353:dns:53', '*:5353 -> dns:53'],
    [':5353:dns:53', '*:5353 -> dns:53'],
    ['[::1]:5353:[fe80::1]:53', '[::1]:5353 -> [fe80::1]:53'],
  ])('reads %j', (text, forward) => {
    const spec = parseUdpForward(text, kind, flag);
    expect(formatForward(spec)).toBe(forward);
    expect(spec).toMatchObject({ kind, source: `${flag} ${text}` });
  });

  test.each([
    ['', 'it lacks a part'],
    ['53', 'it lacks a part'],
    ['53:dns', 'it lacks a part'],
    ['0:dns:53', '"0" is no port within 1-65535'],
    ['53:dns:0', '"0" is no port within 1-65535'],
    ['65536:dns:53', '"65536" is no port'],
    ['53:/run/x.sock', 'datagrams go to no path'],
    ['/run/x.sock:dns:53', 'datagrams go to no path'],
    ['::1:53:dns:53', 'it has too many parts'],
  ])('refuses %j: %s', (text, problem) => {
    const said = complaintOf(flag, () => parseUdpForward(text, kind, flag));
    expect(said).toContain(`: ${problem}`);
    expect(said).toContain(`write [bind:]port:host:port, as in ${flag} 5353:dns:53`);
  });

  test('reads back every forward that can be written', () => {
    fc.assert(
      fc.property(anyTcpListen(1), anyTcpEndpoint, (listen, target) => {
        const text = `${formatListenPlace(listen)}:${formatEndpoint(target)}`;
        expect(parseUdpForward(text, kind, flag)).toMatchObject({ listen, target });
      }),
    );
  });

  test('reads any text, or refuses it in one line', () => {
    expectReadOrRefused(flag, (text) => [parseUdpForward(text, kind, flag)]);
  });
});
