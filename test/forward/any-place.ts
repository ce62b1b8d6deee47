import fc from 'fast-check';
import { expect } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import {
  type Endpoint,
  endpointFromJson,
  endpointToJson,
  type ListenPlace,
  listenPlaceFromJson,
  listenPlaceToJson,
} from '../../src/forward/endpoint.ts';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';

/** What needs no brackets and no backslash in a path of `host:port` texts; with a blank, which ssh takes. */
const PATH_CHARACTERS = 'abz09-_.% é['.split('');
const NAME_CHARACTERS = 'abz09-_.'.split('');

export const anyPort: fc.Arbitrary<number> = fc.integer({ min: 1, max: 65_535 });

export const anyHost: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.constantFrom(...NAME_CHARACTERS), minLength: 1, maxLength: 40 }),
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('localhost', 'fe80::1%eth0'),
);

const anyPath: fc.Arbitrary<string> = fc
  .array(fc.string({ unit: fc.constantFrom(...PATH_CHARACTERS), maxLength: 12 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((names) => `/${names.join('/')}`);

const anyUnix: fc.Arbitrary<{ kind: 'unix'; path: string }> = anyPath.map((path) => ({
  kind: 'unix',
  path,
}));

export const anyTcpEndpoint: fc.Arbitrary<Endpoint> = fc.record({
  kind: fc.constant('tcp'),
  host: anyHost,
  port: anyPort,
});

export const anyEndpoint: fc.Arbitrary<Endpoint> = fc.oneof(anyTcpEndpoint, anyUnix);

/** With a port from `least`. */
export function anyTcpListen(least: 0 | 1): fc.Arbitrary<ListenPlace> {
  return fc.record({
    kind: fc.constant('tcp'),
    bind: fc.oneof(anyHost, fc.constant('*')),
    port: fc.oneof(anyPort, fc.constant(least)),
  });
}

export function anyListen(least: 0 | 1): fc.Arbitrary<ListenPlace> {
  return fc.oneof(anyTcpListen(least), anyUnix);
}

export const anyVariable: fc.Arbitrary<ListenPlace> = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/u)
  .map((name) => ({ kind: 'variable', name }));

const MARKS = [':', ':', '/', '[', ']', '\\', ',', '-', '*', ' ', '\n', '\u2028', '\0', '\u009b'];
const PARTS = '80 0 65536 9-8 8-9 1-2000 db ::1 [::1] /a NAME http'.split(' ');

/** Pieces of specifications in any order, and any text at all. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.constantFrom(...MARKS, ...PARTS), { maxLength: 12 }).map((parts) => parts.join('')),
);

/** The message of what `parse` throws, which has to be one line of a mistake in `flag`. */
export function complaintOf(flag: string, parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof EtError)) throw error;
    expect(error.code).toBe('ET_ERR_USAGE');
    expect(error.message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u);
    expect(error.message.startsWith(`${flag} "`)).toBe(true);
    expect(error.message).toContain('; write ');
    return error.message;
  }
  return expect.fail('it was taken');
}

/**
 * Whatever the text is, it is a mistake of the user's, or it is read as places that the far end takes too; nothing else comes out.
 */
export function expectReadOrRefused(
  flag: string,
  parse: (text: string) => readonly Partial<Pick<ForwardSpec, 'listen' | 'target'>>[],
): void {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const { listen, target } of readOrRefused(flag, () => parse(text))) {
        if (listen !== undefined) {
          expect(listenPlaceFromJson(listenPlaceToJson(listen))).toEqual(listen);
        }
        if (target !== undefined) {
          expect(endpointFromJson(endpointToJson(target))).toEqual(target);
        }
      }
    }),
    { numRuns: 2000 },
  );
}

function readOrRefused<T>(flag: string, parse: () => readonly T[]): readonly T[] {
  try {
    return parse();
  } catch {
    complaintOf(flag, parse);
    return [];
  }
}
