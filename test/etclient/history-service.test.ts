import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { HistoryWork } from '../../src/etclient/cli/client-command.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import { HistoryReader } from '../../src/etclient/history-service.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { MuxPair } from '../mux/mux-pair.ts';

let directory = '';
let stdoutFd = -1;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'history-'));
  stdoutFd = openSync(join(directory, 'out'), 'w');
});

afterEach(() => {
  closeSync(stdoutFd);
  rmSync(directory, { recursive: true, force: true });
});

class Lab {
  readonly pair = new MuxPair();
  readonly ends: WorkEnd[] = [];
  incoming: IncomingOpen | undefined;

  constructor(work: Partial<HistoryWork> = {}, fd = stdoutFd) {
    this.pair.onServerOpen = (incoming) => {
      this.incoming = incoming;
    };
    new HistoryReader(
      { mux: this.pair.client },
      { kind: 'history', form: 'text', since: undefined, ...work },
      { clock: this.pair.clock, stdoutFd: fd, onOver: (end) => this.ends.push(end) },
    );
    this.pair.run();
  }

  accept(): Channel {
    const channel = this.incoming?.accept(
      { from: 0, end: 1 },
      { onData: () => undefined },
      { priority: 'bulk' },
    );
    if (channel === undefined) throw new Error('nothing was opened');
    return channel;
  }

  give(...pieces: readonly string[]): void {
    const channel = this.accept();
    for (const piece of pieces) {
      channel.write(utf8(piece));
      this.pair.run();
    }
    channel.end();
    this.pair.run();
  }
}

function printed(): string {
  return readFileSync(join(directory, 'out'), 'utf8');
}

test('asks for all of it, or from an offset on, beside whoever works there', () => {
  const { incoming } = new Lab();
  expect([incoming?.kind, incoming?.stream, incoming?.metadata]).toEqual(['history', 1, {}]);
  expect(new Lab({ since: 4096 }).incoming?.metadata).toEqual({ since: 4096 });
});

test('prints text without what a terminal makes of it, to the last unfinished line', () => {
  const lab = new Lab();
  lab.give('\x1b[31mre', 'd\x1b[m li\rLI\r\n', 'la', 'st');
  expect(printed()).toBe('LId li\nlast\n');
  expect(lab.ends).toEqual([{ status: 0 }]);
});

test('--raw is every byte', () => {
  const lab = new Lab({ form: 'raw' });
  lab.give('\x1b[31mred\r', '\n');
  expect(printed()).toBe('\x1b[31mred\r\n');
  expect(lab.ends).toEqual([{ status: 0 }]);
});

test('the far side gets credit for what becomes no text', () => {
  const lab = new Lab();
  lab.give(...Array.from({ length: 300 }, () => '\x1b[m'.repeat(1000)));
  expect(lab.ends).toEqual([{ status: 0 }]);
});

test('says how much of it is missing', () => {
  const lab = new Lab();
  const channel = lab.accept();
  channel.note({ skipped: 10 });
  channel.note({ skipped: 5, warning: 'damaged' });
  channel.write(utf8('rest\n'));
  channel.end();
  lab.pair.run();
  expect(printed()).toBe('rest\n');
  expect(lab.ends).toEqual([{ status: 0, message: '15 bytes of it are not kept any more' }]);
});

test.each(['refused', 'reset'])('why it is %s moves no cursor', (how) => {
  const lab = new Lab();
  if (how === 'refused') lab.incoming?.refuse(6, 'no shell\x1b[2J');
  else lab.accept().reset(8, 'no shell\x1b[2J');
  lab.pair.run();
  expect(lab.ends).toEqual([{ status: 255, message: 'no shell?[2J' }]);
});

test('what cannot be written is told', () => {
  const readOnly = openSync(join(directory, 'out'), 'r');
  const lab = new Lab({}, readOnly);
  lab.give('text\n');
  closeSync(readOnly);
  expect(lab.ends).toMatchObject([{ status: 255 }]);
});
