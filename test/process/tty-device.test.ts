import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NativePty } from '../../src/process/native-pty.ts';
import { loadNativePty } from '../../src/process/native-pty.ts';
import { TtyDevice } from '../../src/process/tty-device.ts';

let native: NativePty;
let terminal: ReturnType<NativePty['open']>;
let input: ReadStream;
let output: WriteStream;
let device: TtyDevice;

/** The settings, as `stty -g` writes them and as words. */
function settings(): { exact: string; words: string[] } {
  const stty = (flag: string): string => {
    const fd = openSync(terminal.pty, constants.O_RDWR | constants.O_NOCTTY);
    const { stdout } = spawnSync('stty', [flag], { stdio: [fd, 'pipe', 'inherit'] });
    closeSync(fd);
    return stdout.toString();
  };
  return { exact: stty('-g'), words: stty('-a').split(/[\s;]+/u) };
}

beforeEach(() => {
  native = loadNativePty();
  terminal = native.open(100, 40);
  const open = (): number => openSync(terminal.pty, constants.O_RDWR | constants.O_NOCTTY);
  input = new ReadStream(open());
  output = new WriteStream(open());
  device = new TtyDevice(input, output, { input: terminal.slave, output: terminal.slave });
});

afterEach(() => {
  input.destroy();
  output.destroy();
  closeSync(terminal.master);
  closeSync(terminal.slave);
});

test('raw passes every byte both ways, and cooked is exactly what was found', () => {
  const before = settings();
  device.setRaw(true);
  for (const mode of ['-icanon', '-echo', '-isig', '-icrnl', '-ixon', '-opost', '-iexten']) {
    expect(settings().words).toContain(mode);
  }
  device.writeNow(Buffer.from('a\nb\r'));
  const bytes = Buffer.alloc(100);
  expect(bytes.subarray(0, readSync(terminal.master, bytes)).toString()).toBe('a\nb\r');
  device.setRaw(false);
  expect(settings().exact).toBe(before.exact);
});

test('a terminal that was changed meanwhile is found as it is the next time', () => {
  device.setRaw(true);
  device.setRaw(false);
  spawnSync('stty', ['-echo'], { stdio: [terminal.slave, 'ignore', 'ignore'] });
  const before = settings();
  device.setRaw(true);
  device.setRaw(false);
  expect(settings().exact).toBe(before.exact);
});

test('the size is the terminal’s', () => {
  expect(device.size()).toEqual({ columns: 100, rows: 40 });
});

test('a change of the size is told until nobody wants to know', () => {
  const told: string[] = [];
  const stop = device.watchSize(() => told.push('resize'));
  output.emit('resize');
  stop();
  output.emit('resize');
  expect(told).toEqual(['resize']);
});

test('a full terminal does not hold a way out up for ever', () => {
  device.writeNow(Buffer.alloc(1_000_000, 'x'));
  expect(device.size()).toBeDefined();
});
