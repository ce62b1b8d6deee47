import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { answerQuestions } from '../../src/etserver/control-questions.ts';
import type { CarrierEvents } from '../../src/link/carrier.ts';
import type { SessionStatus } from '../../src/wire/session-status.ts';

const STATUS: SessionStatus = {
  session: 'ab'.repeat(16),
  pid: 5,
  port: 60_000,
  command: '-bash',
  ageSeconds: 7,
  attached: true,
  idleSeconds: 0,
  over: false,
  name: 'work',
  hasShell: true,
  by: 'anna@laptop',
  backlogBytes: 0,
  historyBytes: 12,
  title: '',
  cwd: '/home/anna',
};
const HELP = { error: 'questions are {"ask":"status"}, "kill", "detach" and "attach"' };

/** Asks with these pieces; what was answered, whether the carrier was reset, how often it was killed. */
function ask(pieces: readonly Uint8Array[]): {
  readonly answers: readonly unknown[];
  readonly isReset: boolean;
  readonly kills: number;
} {
  let text = '';
  let isReset = false;
  let kills = 0;
  let events: CarrierEvents | undefined;
  const carrier = {
    kind: 'bytes',
    label: 'test',
    localAddress: undefined,
    queuedBytes: 0,
    start: (started: CarrierEvents) => {
      events = started;
    },
    write: (written: readonly Uint8Array[]) => {
      text += Buffer.concat(written).toString();
    },
    close: () => undefined,
    reset: () => {
      isReset = true;
    },
  } as const;
  answerQuestions(carrier, {
    status: () => STATUS,
    kill: () => {
      kills += 1;
    },
    detach: () => 2,
    attach: () => ({ reply: 'whole' }),
  });
  for (const piece of pieces) if (!isReset) events?.onBytes(piece);
  const answers = text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
  return { answers, isReset, kills };
}

test('answers one line for each, however they are cut', () => {
  const questions = utf8('{"ask":"status"}\n{"ask":"kill"}\n{"ask":"status"}\n');
  fc.assert(
    fc.property(fc.nat(questions.length), fc.nat(questions.length), (one, other) => {
      const [first, second] = [Math.min(one, other), Math.max(one, other)];
      const pieces = [
        questions.slice(0, first),
        questions.slice(first, second),
        questions.slice(second),
      ];
      expect(ask(pieces)).toEqual({
        answers: [STATUS, { killed: true }, STATUS],
        isReset: false,
        kills: 1,
      });
    }),
  );
});

test('has clients leave, and gives keys to one that is to come', () => {
  const { answers, kills } = ask([utf8('{"ask":"detach"}\n{"ask":"attach"}\n')]);
  expect(answers).toEqual([{ detached: 2 }, { reply: 'whole' }]);
  expect(kills).toBe(0);
});

test.each(['', 'status', '{}', '[]', 'null', '{"ask":"die"}', '{"ask":["kill"]}', '\xff\xfe'])(
  'answers %j with what it could have been asked',
  (line) => {
    const { answers, kills } = ask([Buffer.from(`${line}\n`, 'latin1')]);
    expect(answers.at(-1)).toEqual(HELP);
    expect(kills).toBe(0);
  },
);

test('drops one that goes on without end', () => {
  const { answers, isReset } = ask(Array(5).fill(utf8('x'.repeat(1000))));
  expect(isReset).toBe(true);
  expect(answers).toEqual([]);
});
