import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { ControlHandler } from '../../src/etclient/control-answers.ts';
import { ControlConnection } from '../../src/etclient/control-connection.ts';
import type { CarrierEvents } from '../../src/link/carrier.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { SAMPLE_STATUS } from './sample-status.ts';

/** A connection at whose other end the test is. */
class Lab {
  readonly clock = new VirtualClock();
  said = '';
  queuedBytes = 0;
  end: 'closed' | 'reset' | undefined;
  overs = 0;
  added: ((listens: readonly string[]) => void)[] = [];
  readonly #handler: ControlHandler = {
    status: () => SAMPLE_STATUS,
    add: () => new Promise((resolve) => this.added.push(resolve)),
    remove: () => ['8003'],
    list: () => [],
    reconnect: () => undefined,
    stop: () => undefined,
  };
  #events: CarrierEvents | undefined;

  constructor() {
    const carrier = {
      kind: 'bytes' as const,
      label: 'test',
      localAddress: undefined,
      queuedBytes: 0,
      start: (events: CarrierEvents) => {
        this.#events = events;
      },
      write: (pieces: readonly Uint8Array[]) => {
        this.said += Buffer.concat(pieces).toString();
      },
      close: () => {
        this.end ??= 'closed';
      },
      reset: () => {
        this.end ??= 'reset';
      },
    };
    Object.defineProperty(carrier, 'queuedBytes', { get: () => this.queuedBytes });
    new ControlConnection(carrier, this.clock, this.#handler, () => {
      this.overs += 1;
    });
  }

  get answers(): unknown[] {
    return this.said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  }

  /** Says it and lets what is asynchronous happen. */
  async say(text: string): Promise<void> {
    this.#events?.onBytes(utf8(text));
    await new Promise(setImmediate);
  }

  leave(): void {
    this.#events?.onClose(undefined);
  }
}

const ADD = '{"ask":"forward-add","flag":"-L","value":"8003:h:80"}\n';

test('answers in the order of the questions, though one takes its time', async () => {
  const lab = new Lab();
  await lab.say(`${ADD}{"ask":"forward-list"}\n{"ask"`);
  await lab.say(':"reconnect"}\nno question\n');
  expect(lab.answers).toEqual([]);
  lab.added[0]?.(['8003']);
  await lab.say('');
  expect(lab.answers).toEqual([
    { ok: { listens: ['8003'] } },
    { ok: { forwards: [] } },
    { ok: {} },
    { error: 'a question is one JSON object on a line' },
  ]);
  expect(lab.end).toBeUndefined();
  lab.leave();
  expect([lab.overs, lab.clock.pending]).toEqual([1, 0]);
});

test('is let go after 10 s without a question, also where bytes drip in', async () => {
  const lab = new Lab();
  await lab.say('{"ask":"forward-list"}\n');
  for (let second = 0; second < 9; second += 1) {
    lab.clock.advance(1000);
    await lab.say('x');
  }
  expect(lab.end).toBeUndefined();
  lab.clock.advance(1000);
  expect([lab.end, lab.overs, lab.clock.pending]).toEqual(['reset', 1, 0]);
});

test('is not let go while it waits for an answer', async () => {
  const lab = new Lab();
  await lab.say(ADD);
  lab.clock.advance(60_000);
  expect(lab.end).toBeUndefined();
  lab.added[0]?.(['8003']);
  await lab.say('');
  expect(lab.answers).toEqual([{ ok: { listens: ['8003'] } }]);
  lab.clock.advance(10_000);
  expect(lab.end).toBe('reset');
});

test('nothing is written to one that left before its answer came', async () => {
  const lab = new Lab();
  await lab.say(ADD);
  lab.leave();
  lab.added[0]?.(['8003']);
  await lab.say('');
  expect([lab.said, lab.overs, lab.clock.pending]).toEqual(['', 1, 0]);
});

test('what was asked ahead is not done for one that left', async () => {
  const lab = new Lab();
  await lab.say(`${ADD}${ADD}`);
  lab.leave();
  lab.added[0]?.(['8003']);
  await lab.say('');
  expect(lab.added).toHaveLength(1);
});

test('a question that is too long is told so, and ends it', async () => {
  const lab = new Lab();
  await lab.say('x'.repeat(16_385));
  expect(lab.answers).toEqual([{ error: 'a question has at most 16384 bytes' }]);
  expect([lab.end, lab.overs, lab.clock.pending]).toEqual(['closed', 1, 0]);
});

test.each([
  ['who asks far ahead', `${'x\n'.repeat(65)}`, 0],
  ['who reads no answers', 'x\n', 4_194_305],
])('%s is cut', async (_, text, queuedBytes) => {
  const lab = new Lab();
  lab.queuedBytes = queuedBytes;
  await lab.say(text);
  expect([lab.end, lab.overs, lab.clock.pending]).toEqual(['reset', 1, 0]);
});
