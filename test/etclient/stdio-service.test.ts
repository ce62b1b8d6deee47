import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import { StdioService } from '../../src/etclient/stdio-service.ts';
import type { IncomingOpen } from '../../src/mux/channel.ts';
import { MuxPair } from '../mux/mux-pair.ts';

let directory = '';
let stdoutFd = -1;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stdio-'));
  stdoutFd = openSync(join(directory, 'out'), 'w');
});

afterEach(() => {
  closeSync(stdoutFd);
  rmSync(directory, { recursive: true, force: true });
});

/** `et -W db:22` whose input the test types, and the host's end of it. */
class Lab {
  readonly pair = new MuxPair();
  readonly ends: WorkEnd[] = [];
  incoming: IncomingOpen | undefined;
  type: (text: string) => void = () => undefined;
  endInput: () => void = () => undefined;

  constructor() {
    this.pair.onServerOpen = (incoming) => {
      this.incoming = incoming;
    };
    const input = {
      start: (onData: (bytes: Uint8Array) => void, onEnd: () => void) => {
        this.type = (text) => onData(Buffer.from(text));
        this.endInput = onEnd;
      },
      pause: () => undefined,
      resume: () => undefined,
    };
    const target = { kind: 'tcp', host: 'db', port: 22 } as const;
    new StdioService({ mux: this.pair.client }, target, {
      clock: this.pair.clock,
      input,
      isCompressed: false,
      stdoutFd,
      onOver: (end) => this.ends.push(end),
    });
    this.pair.run();
  }
}

test.each(['refused', 'reset'])('the reason of a connection that is %s moves no cursor', (how) => {
  const lab = new Lab();
  const text = 'no\u001b[2J\u009b2J\r\nroot# ';
  if (how === 'refused') lab.incoming?.refuse(7, text);
  else
    lab.incoming?.accept({}, { onData: () => undefined }, { priority: 'forward' }).reset(8, text);
  lab.pair.run();
  expect(lab.ends).toEqual([{ status: 255, message: 'no?[2J?2J?root# ' }]);
});

test('both ways are carried, each to its end, and it ends once', () => {
  const lab = new Lab();
  let got = '';
  const channel = lab.incoming?.accept(
    {},
    {
      onData: (bytes) => {
        got += Buffer.from(bytes).toString();
        channel?.consumed(bytes.length);
      },
      onEof: () => {
        got += ' end';
      },
    },
    { priority: 'forward' },
  );
  lab.type('asked');
  lab.endInput();
  channel?.write(Buffer.from('answered'));
  channel?.end();
  lab.pair.run();
  expect(got).toBe('asked end');
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('answered');
  expect(lab.ends).toEqual([{ status: 0 }]);
  lab.type('late');
  lab.pair.client.close();
  expect(lab.ends.length).toBe(1);
});
