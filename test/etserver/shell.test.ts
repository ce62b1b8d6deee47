import { expect, test } from 'vitest';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import { Shell, type Viewer } from '../../src/etserver/shell.ts';
import type { Pty } from '../../src/process/pty.ts';
import { ScreenFeed } from '../../src/terminal/screen-feed.ts';
import { ShellFacts } from '../../src/terminal/shell-facts.ts';
import { Spool } from '../../src/terminal/spool.ts';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const BLOCK = 65_536;
const HISTORY_BYTES = 1024 * BLOCK;

/** A shell with a spool that is behind with more than four blocks waiting, and somebody who reads all there is. */
function rig() {
  const clock = new VirtualClock();
  const disk = new MemoryDisk(clock);
  const warnings: string[] = [];
  const viewer = { isPresent: true, cursor: 0 };
  let isPaused = true;
  let loads = 0;
  const spool = new Spool({
    disk,
    clock,
    cipher: new SpoolCipher(),
    waitingBytes: 8 * BLOCK,
    events: {
      onTrouble: ({ message }) => warnings.push(message),
      onRecovered: () => undefined,
      onCaughtUp: () => shell.decide(),
    },
  });
  const log = new TerminalLog({ memoryBytes: BLOCK, historyBytes: HISTORY_BYTES, spool });
  const shell: Shell = new Shell({
    clock,
    log,
    facts: new ShellFacts(),
    onOver: () => undefined,
    makeScreen: () =>
      new ScreenFeed({
        clock,
        log,
        historyBytes: HISTORY_BYTES,
        load: () => {
          loads += 1;
          return new Promise(() => undefined);
        },
        onAnswer: () => undefined,
        onProgress: () => undefined,
        onBroken: () => undefined,
      }),
  });
  const pty: Partial<Pty> = {
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
    },
  };
  shell.start(() => pty as Pty, new Uint8Array());
  const reader: Viewer = {
    get cursor() {
      return log.end;
    },
    get delivered() {
      return log.end;
    },
    get isPresent() {
      return viewer.isPresent;
    },
    decide: (readBytes) => ({ readBytes, isDraining: false, reviewAtMs: undefined }),
    pump: () => undefined,
    onExit: () => undefined,
    warn: () => undefined,
  };
  shell.attach(reader);
  return {
    clock,
    disk,
    shell,
    viewer,
    warnings,
    print: (blocks: number): void => shell.onData(new Uint8Array(blocks * BLOCK)),
    isPaused: () => isPaused,
    loads: () => loads,
  };
}

test('a disk that is slow is waited for, and nothing of the history is lost to it', () => {
  const { clock, disk, isPaused, print, warnings } = rig();
  disk.delayMs = 900;
  print(6);
  expect(isPaused()).toBe(true);
  clock.advance(899);
  expect(isPaused()).toBe(true);
  clock.advance(1);
  expect(isPaused()).toBe(false);
  for (let round = 0; round < 50; round += 1) {
    if (!isPaused()) print(2);
    clock.advance(300);
  }
  expect(warnings).toEqual([]);
});

test('for a disk that is stuck nobody who is there waits longer than a second, but whoever is away does', () => {
  const { clock, disk, isPaused, print, shell, viewer } = rig();
  disk.delayMs = 3_600_000;
  print(6);
  clock.advance(999);
  expect(isPaused()).toBe(true);
  clock.advance(1);
  expect([isPaused(), clock.pending]).toEqual([false, 1]);
  print(1);
  expect(isPaused()).toBe(false);
  viewer.isPresent = false;
  shell.decide();
  clock.advance(60_000);
  expect(isPaused()).toBe(true);
});

test('a program that is kept waiting does not pause: the screen model stays out of the way', () => {
  const { clock, disk, isPaused, loads, print } = rig();
  print(4);
  clock.advance(10);
  for (let round = 0; round < 40; round += 1) {
    disk.delayMs = 200;
    print(6);
    expect(isPaused()).toBe(true);
    clock.advance(199);
    disk.delayMs = 1;
    clock.advance(40);
    expect(isPaused()).toBe(false);
  }
  expect(loads()).toBe(0);
  clock.advance(50);
  expect(loads()).toBe(1);
});
