import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'vitest';
import { until } from './until.ts';

export interface ProgramOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A program that runs beside a test: a server, or a client that a test talks with. What it prints is kept. */
export class Program {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Settles to its status when it has ended and all that it printed is here; `null`: by a signal. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(command: readonly string[], { cwd, environment }: ProgramOptions) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { cwd, env: environment, stdio: 'pipe' });
    // Who ends early does not read all.
    this.child.stdin.on('error', () => undefined);
    this.child.stdout.on('data', (bytes: Buffer) => {
      this.stdout += bytes.toString();
    });
    this.child.stderr.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString();
    });
    this.ended = once(this.child, 'close').then(([status]) => status as number | null);
  }

  /** One that ends with the test at the latest. */
  static during(
    context: Pick<TestContext, 'onTestFinished'>,
    command: readonly string[],
    options: ProgramOptions,
  ): Program {
    const program = new Program(command, options);
    context.onTestFinished(() => program.stop());
    return program;
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** Settles when standard output holds what `wanted` matches. */
  async see(wanted: RegExp, withinMs?: number): Promise<void> {
    await until(
      `${this.child.spawnargs.join(' ')}: ${wanted}`,
      () => `${this.stdout}${this.stderr === '' ? '' : `\nstderr: ${this.stderr}`}`,
      () => wanted.test(this.stdout),
      withinMs,
    );
  }

  /** As a user's ^C in another terminal would: programs get to end in order. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.ended;
  }
}
