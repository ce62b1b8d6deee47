import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutputTracker } from '../../src/terminal/output-tracker.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const ESC = '\x1b';

function fed(...outputs: (string | Uint8Array)[]): OutputTracker {
  const tracker = new OutputTracker();
  for (const output of outputs) {
    tracker.push(typeof output === 'string' ? Buffer.from(output, 'utf8') : output);
  }
  return tracker;
}

function undone(output: string): string {
  return fed(output).restoreSequence().replaceAll(ESC, 'ESC ');
}

describe('the ground state', () => {
  test.each([
    ['', true],
    ['text\r\n', true],
    [ESC, false],
    [`${ESC}[`, false],
    [`${ESC}[1;3`, false],
    [`${ESC}[1;31m`, true],
    [`${ESC}(`, false],
    [`${ESC}(B`, true],
    [`${ESC}7`, true],
    [`${ESC}]0;title`, false],
    [`${ESC}]0;title\x07`, true],
    [`${ESC}]0;title${ESC}`, false],
    [`${ESC}]0;title${ESC}\\`, true],
    [`${ESC}P+q544e`, false],
    [`${ESC}P+q544e\x07`, false],
    [`${ESC}P+q544e${ESC}\\`, true],
    [`${ESC}_Gi=1;AAAA${ESC}\\`, true],
    [`${ESC}kname${ESC}\\`, true],
    [`${ESC}[12\x18`, true],
    [`${ESC}]0;a\x1a`, true],
    [`${ESC}[1\r\n;2`, false],
    [`${ESC}[1\r\n;2H`, true],
    [`${ESC}[1é`, true],
    [`${ESC}é`, true],
    ['é', true],
  ])('%j: %s', (output, isGround) => {
    expect(fed(output).isGround).toBe(isGround);
  });

  test('every proper prefix of a character is not ground, the character is', () => {
    for (const character of ['é', '€', '𝄞']) {
      const bytes = Buffer.from(character);
      for (let length = 1; length <= bytes.length; length += 1) {
        expect(fed('a', bytes.subarray(0, length)).isGround).toBe(length === bytes.length);
        expect(fed(Buffer.concat([Buffer.from('a'), bytes.subarray(0, length)])).isGround).toBe(
          length === bytes.length,
        );
      }
    }
  });

  test('bytes that are not UTF-8 leave nothing open', () => {
    for (const bytes of [[0x80], [0xff], [0xc0, 0x80], [0xe2, 0x41], [0xf5, 0x80], [0x9b, 0x31]]) {
      expect(fed(Uint8Array.from(bytes)).isGround).toBe(true);
    }
    expect(fed(Uint8Array.from([0xe2, 0x82, 0x1b, 0x37])).isGround).toBe(true);
  });
});

describe('tmux -CC', () => {
  const begin = `${ESC}P1000p`;

  test('is active from its beginning to the terminator after its last line', () => {
    const tracker = fed('$ tmux -CC\r\n', begin);
    expect([tracker.controlModeActive, tracker.isGround]).toEqual([true, false]);
    tracker.push(Buffer.from('%begin 1 2 0\r\n%end 1 2 0\r\n%exit\r\n'));
    expect(tracker.controlModeActive).toBe(true);
    tracker.push(Buffer.from(ESC));
    expect(tracker.controlModeActive).toBe(true);
    tracker.push(Buffer.from('\\'));
    expect([tracker.controlModeActive, tracker.isGround]).toEqual([false, true]);
  });

  test('outlasts the sequences of the panes it shows, terminators too', () => {
    const tracker = fed(
      `${begin}%begin\r\n\x1b[31mred ${ESC}]8;;http://x${ESC}\\link\x18\r\n${ESC}[0m`,
    );
    expect(tracker.controlModeActive).toBe(true);
    tracker.push(Buffer.from(`\r\n%exit\n${ESC}\\`));
    expect(tracker.controlModeActive).toBe(false);
  });

  test('changes no mode, and is ended when the session ends in it', () => {
    expect(undone(`${begin}%output %1 x\r\n${ESC}[?25l`)).toBe('ESC \\');
    expect(undone(`${begin}%exit\r\n${ESC}\\`)).toBe('');
  });

  test.each(['P1000q', 'P1p', 'P1000$p', 'P?1000p'])('is not begun by ESC %s', (introducer) => {
    expect(fed(ESC + introducer).controlModeActive).toBe(false);
  });
});

describe('what is undone at the end', () => {
  test('nothing, when nothing was changed', () => {
    expect(undone('')).toBe('');
    expect(undone('text \x1b[31mred\x1b[0m \x1b[2J\x1b[5;5H\x1b[K\x1b7\x1b8\r\n\x07')).toBe('');
  });

  test.each([
    ['?1049h', '?1049l'],
    ['?1047h', '?1047l'],
    ['?47h', '?47l'],
    ['?2004h', '?2004l'],
    ['?1004h', '?1004l'],
    ['?9h', '?9l'],
    ['?1000h', '?1000l'],
    ['?1002h', '?1002l'],
    ['?1003h', '?1003l'],
    ['?1005h', '?1005l'],
    ['?1006h', '?1006l'],
    ['?1015h', '?1015l'],
    ['?1016h', '?1016l'],
    ['?25l', '?25h'],
    ['?7l', '?7h'],
    ['?1h', '?1l'],
    ['?5h', '?5l'],
    ['?6h', '?6l'],
    ['?2026h', '?2026l'],
    ['4h', '4l'],
    ['20h', '20l'],
    ['>4;2m', '>4m'],
    ['>1u', '<1u'],
    ['>1u\x1b[>3u', '<2u'],
    ['=5u', '=0u'],
    ['31m', 'm'],
    ['38;2;0;0;0m', 'm'],
    ['38:2::0:0:0m', 'm'],
    ['4:3m', 'm'],
    ['0;1m', 'm'],
    ['3 q', '0 q'],
  ])('ESC [ %s by ESC [ %s', (on, off) => {
    expect(fed(`${ESC}[${on}`).restoreSequence()).toBe(`${ESC}[${off}`);
  });

  test.each([
    '?1049h\x1b[?1049l',
    '?1049h\x1b[?47l',
    '?1000;1006h\x1b[?1006;1000l',
    '?25l\x1b[?25h',
    '?2026h\x1b[?2026l',
    '>1u\x1b[<u',
    '>1u\x1b[>1u\x1b[<2u',
    '=1u\x1b[=0u',
    '=1u\x1b[=1;3u',
    '=1u\x1b[<9u',
    '>4;1m\x1b[>4;0m',
    '>4;1m\x1b[>4m',
    '>4;1m\x1b[>4n',
    '31m\x1b[39m',
    '1;31;44m\x1b[22;39;49m',
    '4:3;58;2;1;2;3m\x1b[4:0;59m',
    '38;5;1m\x1b[39m',
    '1;0m',
    '5;10r\x1b[r',
    '3 q\x1b[0 q',
    '4h\x1b[4l',
    '31m\x1b[?1h\x1b[5;6r\x1b[?25l\x1b[!p',
    '31m\x1b[?1049h\x1b[?2004h\x1b[>1u\x1b=\x1b(0\x0e\x1bc',
    '22;0t\x1b]0;vim\x07\x1b[23;0t',
    '?69h\x1b[2;9s\x1b[?69l',
    '?12h',
    '?99999999999h',
    '?25$l',
    '<25l',
  ])('nothing after ESC [ %j', (output) => {
    expect(undone(`${ESC}[${output}`)).toBe('');
  });

  test.each([
    ['\x1b=', 'ESC >'],
    ['\x1b(0', 'ESC (B'],
    ['\x1b)0', 'ESC )B'],
    ['\x1b)0\x0e', '\x0fESC )B'],
    ['\x1b[5;10r', 'ESC 7ESC [rESC 8'],
    ['\x1b[5r', 'ESC 7ESC [rESC 8'],
    ['\x1b]8;id=1;http://x\x1b\\', 'ESC ]8;;ESC \\'],
    ['\x1b]8;;http://x\x07\x1b]8;;\x07', ''],
    ['\x1b]22;pointer\x07', 'ESC ]22;defaultESC \\'],
    ['\x1b]22;pointer\x07\x1b]22;\x07', ''],
    ['\x1b]9;4;1;50\x07', 'ESC ]9;4;0ESC \\'],
    ['\x1b]9;4;1;50\x07\x1b]9;4;0;\x07', ''],
    ['\x1b]2;title\x07', 'ESC [23;0t'],
    ['\x1b]0;title\x1b\\', 'ESC [23;0t'],
    ['\x1b[22;0t', 'ESC [23;0t'],
    ['\x1b]2;a\x07\x1b[22;0t\x1b]2;b\x07', 'ESC [23;0tESC [23;0t'],
    ['\x1b]11;?\x07', ''],
  ])('%j by %s', (output, sequence) => {
    expect(undone(output)).toBe(sequence);
  });

  test('an editor that was killed: in the order that works', () => {
    const vim =
      '\x1b[?1049h\x1b[22;0;0t\x1b[>4;2m\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[1;24r\x1b[>1u\x1b[?12h\x1b[?25l' +
      '\x1b[?1000h\x1b[?1006h\x1b[2 q\x1b[31mtext\x1b[?2026h';
    expect(undone(vim)).toBe(
      'ESC [?2026lESC [<1uESC [?1049lESC [?1lESC [?2004lESC [?1004lESC [?25hESC [?1000lESC [?1006l' +
        'ESC 7ESC [rESC 8ESC [>4mESC >ESC [0 qESC [23;0t',
    );
  });

  test('the alternate screen has flags of its own for the keyboard', () => {
    expect(undone('\x1b[>1u\x1b[?1049h\x1b[>2u\x1b[>3u')).toBe('ESC [<2uESC [?1049lESC [<1u');
    expect(undone('\x1b[>1u\x1b[?1049h\x1b[>2u\x1b[?1049l')).toBe('ESC [<1u');
  });

  test('leaving the alternate screen brings back the pen from before', () => {
    expect(undone('\x1b[31m\x1b[?1049h\x1b[m')).toBe('ESC [?1049lESC [m');
    expect(undone('\x1b[?1049h\x1b[31m')).toBe('ESC [?1049l');
    expect(undone('\x1b[31m\x1b7\x1b[m\x1b8')).toBe('ESC [m');
    expect(undone('\x1b[s\x1b[31m\x1b[u')).toBe('');
  });

  test('a sequence that is half there is ended first', () => {
    expect(undone('\x1b[?25l\x1b[1;')).toBe('\x18ESC [?25h');
    expect(undone('\x1b[?25l\x1b]0;tit')).toBe('\x18ESC \\ESC [?25h');
    expect(undone('\x1b[?25l\x1bPq#1')).toBe('\x18ESC \\ESC [?25h');
  });

  test('a hyperlink longer than what is kept is still one', () => {
    const link = `\x1b]8;id=${'x'.repeat(1000)};http://x\x07`;
    expect(undone(link)).toBe('ESC ]8;;ESC \\');
    expect(undone(`${link}\x1b]8;;\x07`)).toBe('');
  });

  test('more numbers than anybody keeps mean nothing, and break nothing', () => {
    expect(undone(`\x1b[?${'25;'.repeat(100)}25l`)).toBe('');
    expect(undone(`\x1b[${'\x1b[31m'.repeat(100)}\x1b[m`)).toBe('');
  });
});

describe('what is done again after a pause', () => {
  test('undoes what was undone', () => {
    const output =
      '\x1b[=1u\x1b[?1049h\x1b[>3u\x1b[?25l\x1b[?1006h\x1b[?2004h\x1b[>4;2m\x1b=\x1b[4h\x1b[5 q';
    const first = fed(output);
    const second = fed(first.applySequence());
    expect(second.restoreSequence()).toBe(first.restoreSequence());
    expect(first.restoreSequence()).not.toBe('');
  });

  test('is nothing after nothing', () => {
    expect(fed('plain \x1b[31mred').applySequence()).toBe('');
  });
});

/** Pieces that sequences are made of, and damaged ones. */
const PIECE = fc.constantFrom(
  '\x1b',
  '[',
  ']',
  'P',
  '\\',
  '(',
  '0',
  'B',
  '?',
  '>',
  '<',
  '=',
  ';',
  ':',
  '1',
  '25',
  '1000p',
  '1049',
  'h',
  'l',
  'm',
  'u',
  'r',
  't',
  's',
  '\x07',
  '\x18',
  '\x0e',
  '\x0f',
  '\r\n',
  'é',
  '€',
  '𝄞',
  'text',
  '\x1b[31m',
  '\x1b[?1049h',
  '\x1b]8;;x\x07',
  '\x1bP1000p',
  '\x1b7',
  '\x1b8',
  ' q',
  '!p',
  '\x1bc',
);

test('how the output is cut changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(PIECE, { maxLength: 40 }),
      fc.array(fc.nat(6), { maxLength: 60 }),
      (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const whole = fed(bytes);
        const cut = new OutputTracker();
        let at = 0;
        for (const length of cuts) {
          cut.push(bytes.subarray(at, at + length));
          at = Math.min(at + length, bytes.length);
        }
        cut.push(bytes.subarray(at));
        expect(stateOf(cut)).toEqual(stateOf(whole));
      },
    ),
    { numRuns: 600 },
  );
});

test('random bytes, whole and one at a time, give the same state', () => {
  const random = new SeededRandom(11);
  for (let round = 0; round < 50; round += 1) {
    const bytes = random.bytes(2000);
    const single = new OutputTracker();
    for (let at = 0; at < bytes.length; at += 1) single.push(bytes.subarray(at, at + 1));
    expect(stateOf(single)).toEqual(stateOf(fed(bytes)));
  }
});

test('after what it says everything is undone', () => {
  fc.assert(
    fc.property(fc.array(PIECE, { maxLength: 40 }), (pieces) => {
      const tracker = fed(pieces.join(''));
      tracker.push(Buffer.from(tracker.controlModeActive ? '\r\n' : ''));
      tracker.push(Buffer.from(tracker.restoreSequence(), 'latin1'));
      expect(tracker.isGround).toBe(true);
      expect(tracker.restoreSequence()).toBe('');
    }),
    { numRuns: 600 },
  );
});

function stateOf(tracker: OutputTracker): unknown {
  return [
    tracker.isGround,
    tracker.controlModeActive,
    tracker.restoreSequence(),
    tracker.applySequence(),
  ];
}
