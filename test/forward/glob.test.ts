import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../src/forward/glob.ts';

/** The same, as a regular expression; short texts only. */
function matchesExpression(pattern: string, text: string, separator: string | undefined): boolean {
  const source = pattern.replace(/\*+|[^*]/gu, (part) => {
    if (!part.startsWith('*')) return part.replace(/[\\^$.+?()[\]{}|/-]/u, '\\$&');
    return part.length > 1 || separator === undefined ? '[^]*' : `[^${separator}]*`;
  });
  return new RegExp(`^${source}$`, 'u').test(text);
}

test('agrees with a regular expression, with a separator and without', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, fc.constantFrom('/', undefined), (...args) => {
      expect(matchesGlob(...args)).toBe(matchesExpression(...args));
    }),
    { numRuns: 5000 },
  );
});

test('many stars take no more steps than places times characters', () => {
  expect(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(1000))).toBe(false);
  expect(matchesGlob(`${'*a'.repeat(100)}*`, 'a'.repeat(1000))).toBe(true);
});
