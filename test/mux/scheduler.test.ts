import { expect, test } from 'vitest';
import { OpenLimit } from '../../src/mux/open-limit.ts';
import { classOf, type Priority } from '../../src/mux/priority.ts';
import { RingNode } from '../../src/mux/ring.ts';
import {
  type ControlSource,
  type Flow,
  FlowSlot,
  StreamScheduler,
} from '../../src/mux/scheduler.ts';

/** Messages of a flow that has `left` bytes: each byte says whose it is. */
class TestFlow implements Flow {
  readonly mark: number;
  readonly slot: FlowSlot;
  left: number;
  messages = 0;

  constructor(mark: number, priority: Priority, left: number = Number.POSITIVE_INFINITY) {
    this.mark = mark;
    this.left = left;
    this.slot = new FlowSlot(this, classOf(priority));
  }

  get canSend(): boolean {
    return this.left > 0;
  }

  emit(target: Uint8Array, at: number, maxBodyBytes: number): number {
    const bytes = Math.min(this.left, maxBodyBytes, target.length - at);
    target.fill(this.mark, at, at + bytes);
    this.left -= bytes;
    if (bytes > 0) this.messages += 1;
    return at + bytes;
  }
}

class TestControl implements ControlSource {
  readonly node = new RingNode<ControlSource>(this);
  readonly #messages: Uint8Array[];

  constructor(...messages: Uint8Array[]) {
    this.#messages = messages;
  }

  get hasControl(): boolean {
    return this.#messages.length > 0;
  }

  emitControl(target: Uint8Array, at: number): number {
    const message = this.#messages[0];
    if (message === undefined || at + message.length > target.length) return at;
    target.set(message, at);
    this.#messages.shift();
    return at + message.length;
  }
}

function scheduler(...flows: TestFlow[]): StreamScheduler {
  const made = new StreamScheduler(new OpenLimit(1));
  for (const flow of flows) made.addFlow(flow.slot);
  return made;
}

/** Which part of about `total` bytes, taken `recordBytes` at a time, belongs to each mark. */
function shares(from: StreamScheduler, total: number, recordBytes: number): number[] {
  const counts = Array.from({ length: 10 }, () => 0);
  const target = new Uint8Array(recordBytes);
  let taken = 0;
  while (taken < total) {
    const bytes = from.take(target);
    if (bytes === 0) break;
    for (const mark of target.subarray(0, bytes)) counts[mark] = (counts[mark] ?? 0) + 1;
    taken += bytes;
  }
  return counts.map((count) => count / taken);
}

const ORDER: Priority[] = ['control', 'terminal', 'interactive', 'forward', 'bulk'];

test('the most urgent class is served alone, but for a twentieth of bulk', () => {
  for (const recordBytes of [1024, 4096, 61_440]) {
    const flows = ORDER.map((priority, mark) => new TestFlow(mark, priority));
    const [control, terminal, interactive, forward, bulk] = shares(
      scheduler(...flows),
      3_000_000,
      recordBytes,
    );
    expect(control).toBeLessThanOrEqual(0.95);
    expect(control).toBeGreaterThan(0.94);
    expect([terminal, interactive, forward]).toEqual([0, 0, 0]);
    expect(bulk).toBeGreaterThanOrEqual(0.05);
  }
});

test('each class comes before the next, in the order of service', () => {
  const flows = ORDER.slice(0, 4).map((priority, mark) => new TestFlow(mark, priority, 100));
  const target = new Uint8Array(400);
  expect(scheduler(...[...flows].reverse()).take(target)).toBe(400);
  for (const [mark] of flows.entries()) {
    expect(target.subarray(mark * 100, mark * 100 + 100).every((byte) => byte === mark)).toBe(true);
  }
});

test('bulk alone has everything, and is owed nothing for the time it did not wait', () => {
  const terminal = new TestFlow(1, 'terminal', 5_000_000);
  const made = scheduler(terminal);
  const target = new Uint8Array(61_440);
  while (terminal.left > 0) made.take(target);
  const bulk = new TestFlow(4, 'bulk');
  made.addFlow(bulk.slot);
  const late = new TestFlow(2, 'terminal');
  made.addFlow(late.slot);
  made.take(target.subarray(0, 1024));
  expect(target[0]).toBe(2);
  made.removeFlow(late.slot);
  expect(shares(made, 1_000_000, 61_440)[4]).toBeGreaterThan(0.99);
});

test('what other streams send earns bulk its twentieth as well', () => {
  const made = scheduler(new TestFlow(1, 'forward'), new TestFlow(4, 'bulk'));
  expect(made.isBulkOverdue).toBe(false);
  made.owe(18 * 1024);
  expect(made.isBulkOverdue).toBe(true);
  const target = new Uint8Array(1024);
  made.take(target);
  expect(target[0]).toBe(4);
  expect(made.isBulkOverdue).toBe(false);
});

test('flows of a class share by bytes, not by turns, also those that send little pieces', () => {
  for (const recordBytes of [1024, 61_440]) {
    const flows = [0, 1, 2, 3].map((mark) => new TestFlow(mark, 'forward'));
    const crumbs = flows[2] as TestFlow;
    const emit = crumbs.emit.bind(crumbs);
    crumbs.emit = (target, at, max) => emit(target, at, Math.min(max, 300));
    for (const share of shares(scheduler(...flows), 4_000_000, recordBytes).slice(0, 4)) {
      expect(share).toBeGreaterThan(0.24);
      expect(share).toBeLessThan(0.26);
    }
  }
});

test('a flow that comes anew is served within one turn of each other', () => {
  const flows = Array.from({ length: 9 }, (_, mark) => new TestFlow(mark, 'forward'));
  const made = scheduler(...flows);
  const target = new Uint8Array(4096);
  for (let i = 0; i < 100; i += 1) made.take(target);
  const key = new TestFlow(9, 'forward', 1);
  made.addFlow(key.slot);
  let bytes = 0;
  while (key.left > 0) bytes += made.take(target);
  expect(bytes).toBeLessThanOrEqual(10 * 1024 + 4096);
});

test('a single flow fills a record with one message', () => {
  const flow = new TestFlow(3, 'bulk');
  const made = scheduler(flow);
  for (let i = 0; i < 5; i += 1) expect(made.take(new Uint8Array(61_440))).toBe(61_440);
  expect(flow.messages).toBe(5);
});

test('control messages go first, in order, and data never overtakes one that does not fit', () => {
  const flow = new TestFlow(9, 'control');
  const made = scheduler(flow);
  const first = new TestControl(Uint8Array.of(1, 1), new Uint8Array(50).fill(2));
  const second = new TestControl(Uint8Array.of(3));
  made.addControl(first.node);
  made.addControl(second.node);
  const target = new Uint8Array(40);
  expect(made.take(target)).toBe(2);
  // The second message is longer than a whole record: it is cut, and nothing comes between its parts.
  expect(made.take(target)).toBe(40);
  expect(target.every((byte) => byte === 2)).toBe(true);
  expect(made.take(target)).toBe(40);
  expect([...target.subarray(0, 12)]).toEqual([...Array.from({ length: 10 }, () => 2), 3, 9]);
});

test('an open waits for room among the unanswered, and does not hold up data', () => {
  const limit = new OpenLimit(1);
  const made = new StreamScheduler(limit);
  const ticket = limit.enter();
  made.addOpen(new TestControl(Uint8Array.of(7)).node);
  expect(made.isReady).toBe(false);
  const flow = new TestFlow(1, 'bulk', 10);
  made.addFlow(flow.slot);
  const target = new Uint8Array(100);
  expect(made.take(target)).toBe(10);
  ticket.leave();
  ticket.leave();
  expect(made.isReady).toBe(true);
  expect(made.take(target)).toBe(1);
  expect(made.isReady).toBe(false);
});

test('an empty buffer takes nothing', () => {
  const flow = new TestFlow(1, 'bulk');
  expect(scheduler(flow).take(new Uint8Array(0))).toBe(0);
  expect(flow.messages).toBe(0);
});
