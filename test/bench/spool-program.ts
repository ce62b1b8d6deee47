import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../src/base/clock.ts';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import { Shell } from '../../src/etserver/shell.ts';
import { type Pty, type PtyEvents, spawnPty } from '../../src/process/pty.ts';
import { keepYoungGenerationSmall } from '../../src/process/young-generation.ts';
import { ScreenFeed } from '../../src/terminal/screen-feed.ts';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { ShellFacts } from '../../src/terminal/shell-facts.ts';
import { Spool } from '../../src/terminal/spool.ts';
import { SpoolFiles } from '../../src/terminal/spool-files.ts';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';

/**
 * What reads the terminal: one that drops what it reads, script(1) that does so, the log and its spool without a screen model, or all that
 * a session server has.
 */
export type SpoolReader = 'pty' | 'script' | 'log' | 'model';

/** In milliseconds and bytes. */
export interface SpoolAnswer {
  readonly tookMs: number;
  readonly bytes: number;
  readonly cpuMs: number;
}

const HISTORY_BYTES = 4 * 1024 ** 3;
const NO_BYTES = new Uint8Array();

const clock = new SystemClock();

/** `cat` of a file on a terminal that nobody looks at, as a session server has it. */
function spawnCat(path: string, events: PtyEvents): Pty {
  const environment = { PATH: process.env['PATH'] ?? '' };
  return spawnPty(
    {
      file: '/bin/cat',
      args: [path],
      argv0: 'cat',
      environment: () => environment,
      cwd: '/',
      columns: 80,
      rows: 24,
    },
    clock,
    events,
  );
}

/** Resolves to the bytes that were read. */
function readPlainly(path: string): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const pty = spawnCat(path, {
      onData: ({ length }) => {
        bytes += length;
      },
      onExit: () => resolve(bytes),
      onWritable: () => undefined,
    });
    pty.batchBytes = 65_536;
    pty.resume();
  });
}

/** A shell that nobody is attached to; its parts are those of a session server. */
async function readIntoLog(path: string, withModel: boolean): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'everterm-spool-'));
  let whenCaughtUp = (): void => undefined;
  const spool = new Spool({
    clock,
    cipher: new SpoolCipher(),
    disk: new SpoolFiles(join(directory, 'spool')),
    events: {
      onTrouble: (error) => {
        throw error;
      },
      onRecovered: () => undefined,
      onCaughtUp: () => whenCaughtUp(),
    },
  });
  const log = new TerminalLog({ historyBytes: HISTORY_BYTES, spool });
  try {
    await new Promise<void>((resolve) => {
      const shell: Shell = new Shell({
        clock,
        log,
        facts: new ShellFacts(),
        onOver: resolve,
        makeScreen: (owner) =>
          new ScreenFeed({
            clock,
            log,
            historyBytes: HISTORY_BYTES,
            load: (options) =>
              withModel ? ScreenModel.load(options) : Promise.reject(new Error('left out')),
            onAnswer: (bytes) => owner.answer(bytes),
            onProgress: () => owner.decide(),
            onBroken: () => undefined,
          }),
      });
      whenCaughtUp = () => shell.decide();
      shell.start((events) => spawnCat(path, events), NO_BYTES);
      shell.decide();
    });
    return log.end;
  } finally {
    spool.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Another program in the same place; it does not say how much it was. */
async function readByScript(path: string): Promise<number> {
  const child = spawn('script', ['-qc', `cat ${path}`, '/dev/null'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');
  return 0;
}

function read(reader: SpoolReader, path: string): Promise<number> {
  if (reader === 'pty') return readPlainly(path);
  if (reader === 'script') return readByScript(path);
  return readIntoLog(path, reader === 'model');
}

async function main([reader = '', path = '']: readonly string[]): Promise<void> {
  keepYoungGenerationSmall();
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const bytes = await read(reader as SpoolReader, path);
  const { user, system } = process.cpuUsage(before);
  const tookMs = performance.now() - startedMs;
  const answer: SpoolAnswer = { tookMs, bytes, cpuMs: (user + system) / 1000 };
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
}

await main(process.argv.slice(2));
