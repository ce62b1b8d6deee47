import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { textOf, utf8 } from '../../src/base/bytes.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import { TerminalService, type TerminalServiceDeps } from '../../src/etclient/terminal-service.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { EscapeFilter } from '../../src/terminal/escape-filter.ts';
import { MuxPair } from '../mux/mux-pair.ts';

let directory = '';
let outputFd = -1;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terminal-'));
  outputFd = openSync(join(directory, 'out'), 'a');
});

afterEach(() => {
  closeSync(outputFd);
  rmSync(directory, { recursive: true, force: true });
});

/** A client's terminal of 4 rows that is attached to a shell, and the server's end of it. */
class Lab {
  readonly pair = new MuxPair();
  readonly roots: string[] = [];
  readonly notes: unknown[] = [];
  readonly escapes: string[] = [];
  readonly ends: WorkEnd[] = [];
  hangUps = 0;
  /** What the program was typed. */
  typed = '';
  incoming: IncomingOpen | undefined;
  channel: Channel | undefined;
  type: (text: string) => void = () => undefined;
  endInput: () => void = () => undefined;
  readonly service: TerminalService;

  constructor(changes: Partial<TerminalServiceDeps> = {}, accepted: Record<string, unknown> = {}) {
    this.pair.onServerOpen = (incoming) => {
      this.incoming = incoming;
      this.channel = incoming.accept(
        accepted,
        {
          onData: (bytes) => {
            this.typed += textOf(bytes);
            this.channel?.consumed(bytes.length);
          },
          onNote: (body) => this.notes.push(body),
        },
        { priority: 'terminal' },
      );
    };
    const client = {
      mux: this.pair.client,
      onKey: () => undefined,
      outageMs: undefined,
      lastFailure: undefined,
    };
    this.service = new TerminalService(client, {
      clock: this.pair.clock,
      terminal: {
        outputFd,
        setRaw: () => undefined,
        writeNow: (bytes) => this.#writeNow(bytes),
        size: () => ({ columns: 20, rows: 4 }),
        watchSize: () => () => undefined,
      },
      input: {
        start: (onData, onEnd) => {
          this.type = (text) => {
            onData(utf8(text));
            this.pair.run();
          };
          this.endInput = () => {
            onEnd();
            this.pair.run();
          };
        },
        pause: () => undefined,
        resume: () => undefined,
      },
      escapes: new EscapeFilter(0x7e),
      request: undefined,
      attach: { backlog: 'ask', by: 'anna@laptop' },
      onRoot: (root) => this.roots.push(Buffer.from(root).toString('hex')),
      onHangUp: () => {
        this.hangUps += 1;
      },
      onEscape: (action) => this.escapes.push(action),
      onReceived: () => undefined,
      onOver: (end) => this.ends.push(end),
      onFailed: (error) => this.ends.push({ status: 255, message: error.message }),
      ...changes,
    });
    this.pair.run();
    this.service.begin();
  }

  #writeNow(bytes: Uint8Array): void {
    this.#direct += textOf(bytes);
  }

  #direct = '';

  /** What was written directly since it was last asked. */
  takeDirect(): string {
    const text = this.#direct;
    this.#direct = '';
    return text;
  }

  say(text: string): void {
    this.channel?.write(utf8(text));
    this.pair.run();
  }

  note(body: Record<string, unknown>): void {
    this.channel?.note(body);
    this.pair.run();
  }

  get screen(): string {
    return readFileSync(join(directory, 'out'), 'utf8');
  }
}

test('says who attaches and what to do with a long backlog', () => {
  const { incoming } = new Lab();
  expect(incoming?.metadata).toEqual({
    mode: 'rw',
    columns: 20,
    rows: 4,
    request: 0,
    backlog: 'ask',
    by: 'anna@laptop',
  });
});

test('keeps a root of its own at once, and says that it has', () => {
  const root = 'ab'.repeat(32);
  const { roots, notes } = new Lab({}, { from: 0, root });
  expect(roots).toEqual([root]);
  expect(notes).toEqual([{ kept: true }]);
});

test.each([[undefined], ['ab'], [7], ['xy'.repeat(32)]])('takes no %j for a root', (root) => {
  const { roots, notes } = new Lab({}, { from: 0, root });
  expect([roots, notes]).toEqual([[], []]);
});

test('a screen is drawn on one in its default state, and what was shown stays in the scrollback', () => {
  const lab = new Lab();
  lab.say('\x1b[?1049h\x1b[?2004h\x1b[31mvim\x1b[');
  const before = lab.screen.length;
  lab.note({ screen: 5, skipped: 12_000_000 });
  lab.say('paint');
  lab.say(' on');
  const shown = lab.screen.slice(before);
  // The half sequence is ended; the modes are undone before anything moves.
  expect(shown.startsWith('\x18')).toBe(true);
  expect(shown).toContain('\x1b[?1049l');
  expect(shown).toContain('\x1b[?2004l');
  const line = '[everterm: 12.0 MB of output were not shown; et history has them]';
  expect(shown.endsWith(`\x1b[r\x1b[4;1H\r\n${line}\r\n\r\n\r\n\r\n\x1b[H\x1b[2Jpaint on`)).toBe(
    true,
  );
  // Nothing of it is on any more.
  expect(lab.service.tracker.restoreSequence()).toBe('');
});

test('a screen that nothing led to is drawn without a word', () => {
  const lab = new Lab();
  lab.note({ screen: 5, skipped: 0 });
  lab.say('paint');
  expect(lab.screen).toBe('\x1b[r\x1b[4;1H\r\n\r\n\r\n\r\n\x1b[H\x1b[2Jpaint');
});

test('credit is given back for what the server has sent alone', () => {
  const lab = new Lab();
  const windowBytes = lab.channel?.windowBytes ?? 0;
  lab.note({ screen: 5, skipped: 0 });
  let sent = 0;
  // Were credit given for bytes of our own, more than a window would be granted, and the channel would break.
  for (let i = 0; i < 200; i += 1) {
    lab.say('x'.repeat(1000));
    sent += 1000;
    lab.note({ screen: 1, skipped: 0 });
  }
  expect(lab.channel?.isOpen).toBe(true);
  expect(windowBytes).toBeGreaterThan(0);
  expect(lab.screen.split('x')).toHaveLength(sent + 1);
});

test.each([
  ['s', 'live'],
  ['R', 'replay'],
  ['\r', 'live'],
  ['\x03', 'live'],
  ['qx?r', 'replay'],
])('a long backlog is asked about; %j says %s, and is not sent to the program', (keys, backlog) => {
  const lab = new Lab();
  lab.note({ backlog: 12_000_000 });
  expect(lab.takeDirect()).toBe(
    '\r\net: 12.0 MB of output came meanwhile: [s]how the screen, [r]eplay all? ',
  );
  lab.type(keys);
  expect(lab.notes).toEqual([{ backlog }]);
  expect(lab.typed).toBe('');
  lab.type('ls\r');
  expect(lab.typed).toBe('ls\r');
  expect(lab.notes).toHaveLength(1);
});

test("keys behind the answer are the program's, escapes among them are not", () => {
  const lab = new Lab();
  lab.note({ backlog: 2_000_000 });
  lab.type('rls\r~d');
  expect(lab.notes).toEqual([{ backlog: 'replay' }]);
  expect(lab.typed).toBe('ls\r');
  expect(lab.escapes).toEqual(['detach']);
});

test('where nobody can be asked the screen is shown', () => {
  const lab = new Lab({ attach: { backlog: 'live', by: '' } });
  lab.note({ backlog: 2_000_000 });
  expect(lab.notes).toEqual([{ backlog: 'live' }]);
  const other = new Lab();
  other.say('\x1b[');
  other.note({ backlog: 2_000_000 });
  expect(other.notes).toEqual([{ backlog: 'live' }]);
});

test('a warning is one line that moves nothing', () => {
  const lab = new Lab();
  lab.note({ warning: 'the disk is full\x1b[2J\nroot#' });
  expect(lab.takeDirect()).toBe('\r\n[everterm: the disk is full?[2J?root#]\r\n');
});

test('what is not kept any more is told in bytes', () => {
  const lab = new Lab();
  lab.note({ skipped: 4711 });
  expect(lab.takeDirect()).toBe('\r\n[everterm: 4711 bytes of output were not kept]\r\n');
});

test('what is lost is told where a line can stand: not within a sequence of the program, and never within tmux -CC', () => {
  const lab = new Lab();
  lab.say('\x1b[3');
  lab.note({ skipped: 4711 });
  lab.note({ warning: 'the disk is full' });
  expect(lab.takeDirect()).toBe('');
  lab.say('1m');
  expect(lab.takeDirect()).toBe(
    '\r\n[everterm: 4711 bytes of output were not kept]\r\n\r\n[everterm: the disk is full]\r\n',
  );
  lab.say('\x1bP1000p%begin');
  lab.note({ warning: 'the disk is full' });
  lab.service.restore();
  expect(lab.takeDirect()).not.toContain('the disk');
});

test('what could not be told before the terminal is given back is told then', () => {
  const lab = new Lab();
  lab.say('\x1b[3');
  lab.note({ skipped: 4711 });
  lab.service.restore();
  expect(lab.takeDirect().endsWith('\r\n[everterm: 4711 bytes of output were not kept]\r\n')).toBe(
    true,
  );
  lab.service.restore();
  expect(lab.takeDirect()).not.toContain('4711');
});

test('what is lost to a pipe is told beside it', () => {
  const said: string[] = [];
  const lab = new Lab({ say: (line) => said.push(line) });
  lab.say('\x1b[3');
  lab.note({ skipped: 4711 });
  lab.note({ warning: 'the disk is full' });
  expect([said, lab.takeDirect()]).toEqual([
    ['et: 4711 bytes of output were not kept', 'et: the disk is full'],
    '',
  ]);
});

test('a terminal that is gone types no ^D: the shell goes on', () => {
  const lab = new Lab();
  lab.endInput();
  expect([lab.hangUps, lab.typed, lab.ends]).toEqual([1, '', []]);
  const script = new Lab({ onHangUp: undefined });
  script.endInput();
  expect(script.typed).toBe('\x04');
});
