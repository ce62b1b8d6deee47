import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { answerTo, type ControlHandler } from '../../src/etclient/control-answers.ts';
import { SAMPLE_FORWARD, SAMPLE_STATUS } from './sample-status.ts';

/** A client that does all it is asked, and writes it down. */
function handler(calls: string[] = []): ControlHandler {
  return {
    status: () => SAMPLE_STATUS,
    add: async (flag, value) => {
      calls.push(`add ${flag} ${value}`);
      return ['8003'];
    },
    remove: (flag, value) => {
      calls.push(`remove ${flag} ${value}`);
      return ['8003'];
    },
    list: () => [SAMPLE_FORWARD],
    reconnect: () => calls.push('reconnect'),
    stop: () => calls.push('stop'),
  };
}

test.each<[string, unknown, string[]]>([
  ['{"ask":"status"}', SAMPLE_STATUS, []],
  ['{"ask":"forward-list"}', { forwards: [SAMPLE_FORWARD] }, []],
  ['{"ask":"reconnect"}', {}, ['reconnect']],
  ['{"ask":"stop"}', {}, ['stop']],
  [
    '{"ask":"forward-add","flag":"-L","value":"8003:h:80"}',
    { listens: ['8003'] },
    ['add -L 8003:h:80'],
  ],
  ['{"ask":"forward-remove","flag":"-L","value":"8003"}', { closed: ['8003'] }, ['remove -L 8003']],
])('%s', async (line, ok, done) => {
  const calls: string[] = [];
  expect(await answerTo(line, handler(calls))).toEqual({ ok });
  expect(calls).toEqual(done);
});

test.each([
  ['', 'a question is one JSON object on a line'],
  ['status', 'a question is one JSON object on a line'],
  ['[]', 'a question is one JSON object on a line'],
  ['null', 'a question is one JSON object on a line'],
  ['{"ask":"stop"} {}', 'a question is one JSON object on a line'],
  ['{}', '"ask" is one of status, '],
  ['{"ask":["stop"]}', '"ask" is one of status, '],
  ['{"ask":"toString"}', '"ask" is one of status, '],
  ['{"ask":"stop","now":true}', '"now" is no field of a question'],
  ['{"ask":"stop","__proto__":1}', '"__proto__" is no field of a question'],
  ['{"ask":"stop","flag":"-L"}', 'stop takes neither flag nor value'],
  ['{"ask":"forward-add","flag":"-L"}', 'forward-add takes a flag and a value'],
  ['{"ask":"forward-remove","flag":1,"value":"1"}', 'forward-remove takes a flag and a value'],
])('%s is refused, and does nothing', async (line, text) => {
  const calls: string[] = [];
  const answer = await answerTo(line, handler(calls));
  expect(answer).toEqual({ error: expect.stringContaining(text) as string });
  expect(calls).toEqual([]);
});

test('what goes wrong is the answer, in one line', async () => {
  const failing: ControlHandler = {
    ...handler(),
    add: async () => {
      throw new EtError('ET_ERR_FORWARD', 'in\nuse\u2028by\u001b[2Jit');
    },
    remove: () => {
      throw new TypeError('a bug');
    },
  };
  const add = await answerTo('{"ask":"forward-add","flag":"-L","value":"1"}', failing);
  expect(add).toEqual({ error: 'in?use?by?[2Jit' });
  const remove = await answerTo('{"ask":"forward-remove","flag":"-L","value":"1"}', failing);
  expect(remove).toEqual({ error: 'a bug' });
});

test('nothing that is asked makes it throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(questionWith)),
      async (line) => {
        const answer = await answerTo(line, handler());
        expect(Object.keys(answer)).toHaveLength(1);
        expect(JSON.stringify(answer)).not.toContain('\n');
      },
    ),
  );
});

function questionWith(value: unknown): string {
  return JSON.stringify({ ask: 'forward-add', flag: value, value });
}
