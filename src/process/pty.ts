import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { ExitStatus } from './exit-status.ts';
import { exitStatusOf } from './exit-status.ts';
import type { LaunchRequest } from './launch-plan.ts';
import { findBash, planLaunch } from './launch-plan.ts';
import type { NativePty } from './native-pty.ts';
import { loadNativePty } from './native-pty.ts';
import { PtyReader } from './pty-reader.ts';
import { descriptorWriter, PtyWriter } from './pty-writer.ts';
import { signalGroup } from './signal-group.ts';

/** What a terminal tells its owner. */
export interface PtyEvents {
  /** Output, exactly as the programs wrote it. Valid until the call returns. */
  onData(bytes: Uint8Array): void;
  /** Once, after the last byte of output was handed up. */
  onExit(exit: ExitStatus): void;
  /** There is more room in the queue of `write`. */
  onWritable(): void;
}

/** A pseudo terminal and the program that leads it. Starts paused. */
export interface Pty {
  /** The terminal's name, as SSH_TTY gives it. */
  readonly path: string;
  readonly pid: number;
  /** The most bytes of one `onData`, 4095 .. 65,536: it also bounds how far output runs past a pause. */
  batchBytes: number;
  /** Bytes that `write` takes now. */
  readonly writableBytes: number;
  /** Bytes written that the program's terminal has not taken. */
  readonly queued: number;
  /** Types `bytes`; throws ET_ERR_PTY when they are more than `writableBytes`. */
  write(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
  /** No `onData` after it, and no `onExit` while output waits. The programs block when the kernel's buffer is full. */
  pause(): void;
  resume(): void;
  /** Signals the process group of the program; the name with or without SIG. False when it reached nobody. */
  signal(name: string): boolean;
  /** Hangs up: the programs get SIGHUP, unread output is dropped. `onExit` still comes. */
  close(): void;
}

export interface PtyOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** What the program sees as argv[0]: `-bash` makes a login shell. */
  readonly argv0: string;
  /** Made when the terminal's path is known. */
  readonly environment: (path: string) => Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  /** Words for stty; default `iutf8`, since terminals speak UTF-8 and ssh carries that bit over. */
  readonly modes?: readonly string[];
  /** The soft limit of open descriptors; default: as this process has it. */
  readonly openFiles?: number | undefined;
  /** Where bash is, which starts the program; default: looked for; empty: none, sh does it. */
  readonly bash?: string;
}

/** Rows and columns are 16 bits in the kernel, and 0 confuses programs. */
function clampSize(count: number): number {
  return Math.min(Math.max(Math.trunc(count) || 1, 1), 65_535);
}

/**
 * This end keeps the terminal's other end open too, so that its end of file never comes: the exit of
 * the program decides, and what the kernel holds then is read before the descriptor is closed.
 */
class NodePty implements Pty {
  readonly path: string;
  readonly pid: number;
  readonly #native: NativePty;
  readonly #master: number;
  readonly #reader: PtyReader;
  readonly #writer: PtyWriter;
  #exit: ExitStatus | undefined;

  constructor(parts: PtyParts, clock: Clock, events: PtyEvents) {
    this.path = parts.path;
    this.pid = parts.pid;
    this.#native = parts.native;
    this.#master = parts.master;
    this.#writer = new PtyWriter(descriptorWriter(parts.master), clock, () => events.onWritable());
    this.#reader = new PtyReader(
      parts.master,
      (bytes) => events.onData(bytes),
      () => {
        if (this.#exit !== undefined) events.onExit(this.#exit);
      },
    );
    parts.child.once('exit', (code, signal) => {
      this.#exit = exitStatusOf(code, signal);
      this.#writer.close();
      this.#reader.finish();
      closeSync(parts.slave);
    });
  }

  get batchBytes(): number {
    return this.#reader.batchBytes;
  }

  set batchBytes(count: number) {
    this.#reader.batchBytes = count;
  }

  get writableBytes(): number {
    return this.#writer.writableBytes;
  }

  get queued(): number {
    return this.#writer.queued;
  }

  write(bytes: Uint8Array): void {
    this.#writer.write(bytes);
  }

  resize(columns: number, rows: number): void {
    if (!this.#reader.isOpen) return;
    this.#native.resize(this.#master, clampSize(columns), clampSize(rows));
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  signal(name: string): boolean {
    return this.#exit === undefined && signalGroup(this.pid, name);
  }

  close(): void {
    this.#writer.close();
    this.#reader.close();
  }
}

interface PtyParts {
  readonly native: NativePty;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly master: number;
  readonly slave: number;
  readonly path: string;
}

/** Opens a terminal and starts a program on it. Throws ET_ERR_PTY when the system has no terminal or process left. */
export function spawnPty(options: PtyOptions, clock: Clock, events: PtyEvents): Pty {
  const native = loadNativePty();
  const { master, slave, path } = openTerminal(native, options);
  try {
    const child = start(options, path);
    const { pid } = child;
    if (pid === undefined) throw new EtError('ET_ERR_PTY', `no process for ${options.file}`);
    return new NodePty({ native, child, pid, master, slave, path }, clock, events);
  } catch (error) {
    closeSync(master);
    closeSync(slave);
    throw error;
  }
}

function openTerminal(
  native: NativePty,
  options: PtyOptions,
): { master: number; slave: number; path: string } {
  try {
    const opened = native.open(clampSize(options.columns), clampSize(options.rows));
    // Opened again, since Node's own descriptors are close-on-exec and the addon's are not.
    const slave = openSync(opened.pty, constants.O_RDWR | constants.O_NOCTTY);
    closeSync(opened.slave);
    return { master: opened.master, slave, path: opened.pty };
  } catch (cause) {
    throw new EtError('ET_ERR_PTY', 'the system gives no pseudo terminal', { cause });
  }
}

function start(options: PtyOptions, path: string): ChildProcess {
  const request: LaunchRequest = { ...options, tty: path, modes: options.modes ?? ['iutf8'] };
  const plan = planLaunch(request, options.bash ?? findBash() ?? '');
  const child = spawn(plan.file, plan.args, {
    argv0: plan.argv0,
    cwd: options.cwd,
    env: { ...options.environment(path) },
    detached: true,
    stdio: 'ignore',
  });
  // Without a listener it would end this process; `pid` has already told.
  child.on('error', () => undefined);
  return child;
}
