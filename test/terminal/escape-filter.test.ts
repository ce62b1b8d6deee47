import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EscapeFilter } from '../../src/terminal/escape-filter.ts';
import { escapeHelp } from '../../src/terminal/escape-help.ts';

const TILDE = 0x7e;

/** Types each part, and writes down what is passed on, actions in angle brackets. */
function typed(parts: readonly string[], escapeByte: number | 'none' = TILDE): string {
  const filter = new EscapeFilter(escapeByte === 'none' ? undefined : escapeByte);
  let text = '';
  for (const part of parts) {
    for (const item of filter.push(Buffer.from(part, 'latin1'))) {
      text += typeof item === 'string' ? `<${item}>` : Buffer.from(item).toString('latin1');
    }
  }
  return text;
}

describe('as in ssh', () => {
  test.each([
    ['~.', '<end>'],
    ['\r~.', '\r<end>'],
    ['\n~.', '\n<end>'],
    ['ls~.', 'ls~.'],
    ['\r ~.', '\r ~.'],
    ['~~', '~'],
    ['\r~~.', '\r~.'],
    ['~~~.', '~~.'],
    ['~?~s~\x1a~.', '<help><status><suspend><end>'],
    ['~C~#x~C', '<command><forwards>x~C'],
    ['a~d\r~d~.', 'a~d\r<detach><end>'],
    ['~x~.', '~x~.'],
    ['~\r~.', '~\r<end>'],
    ['~', ''],
    ['\r~', '\r'],
    ['~/bin/ls\r~/x\r~.', '~/bin/ls\r~/x\r<end>'],
    ['a\r~?b', 'a\r<help>b'],
    ['~?\r~.tail', '<help>\r<end>tail'],
    ['', ''],
  ])('%j gives %j', (input, output) => {
    expect(typed([input])).toBe(output);
  });

  test('without an escape character everything passes', () => {
    expect(typed(['~.', '\r~?', ''], 'none')).toBe('~.\r~?');
  });

  test('another character takes the place of ~', () => {
    expect(typed(['~.\r%.', '%%'], 0x25)).toBe('~.\r<end>%');
    expect(typed(['..'], 0x2e)).toBe('.');
  });
});

test('how the keys are cut into pieces changes nothing', () => {
  const keys = fc.array(fc.constantFrom('~', '.', '?', '\r', '\n', 'x', '\x1a', 's'), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 8 }), (parts) => {
      const pieces = parts.map((part) => part.join(''));
      const whole = typed([pieces.join('')]);
      expect(typed(pieces)).toBe(whole);
      expect(typed(pieces.join('').split(''))).toBe(whole);
    }),
    { numRuns: 500 },
  );
});

test('it does what ssh does byte by byte', () => {
  const keys = fc.array(fc.constantFrom('~', '.', '?', '\r', 'x'), { maxLength: 24 });
  fc.assert(
    fc.property(keys, (all) => {
      expect(typed([all.join('')])).toBe(reference(all));
    }),
    { numRuns: 500 },
  );
});

/** process_escapes() of OpenSSH's clientloop.c, without the escapes that are not here. */
function reference(keys: readonly string[]): string {
  let text = '';
  let lastWasNewline = true;
  let isPending = false;
  for (const key of keys) {
    if (isPending) {
      isPending = false;
      const action = { '.': '<end>', '?': '<help>' }[key];
      if (action !== undefined) {
        text += action;
        continue;
      }
      if (key !== '~') text += '~';
    } else if (lastWasNewline && key === '~') {
      isPending = true;
      continue;
    }
    lastWasNewline = key === '\r' || key === '\n';
    text += key;
  }
  return text;
}

test('a paste without escapes is passed on as the one piece it is', () => {
  const paste = Buffer.alloc(4_000_000, 'a ~ b\r\n');
  const pieces = new EscapeFilter(TILDE).push(paste);
  expect(pieces.length).toBe(1);
  expect(pieces[0]).toHaveLength(paste.length);
});

test('the help names every escape', () => {
  for (const name of ['~.', '~d', '~^Z', '~s', '~#', '~C', '~?', '~~'])
    expect(escapeHelp('~')).toContain(name);
});
