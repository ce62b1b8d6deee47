import type { Exec, ExecOptions } from '../../src/process/exec.ts';
import { spawnExec } from '../../src/process/exec.ts';
import type { ExitStatus } from '../../src/process/exit-status.ts';

/** A real command, and everything that it said. */
export class ExecProbe {
  exit: ExitStatus | undefined;
  readonly ended: Promise<void>;
  readonly log: string[] = [];
  readonly #out: Uint8Array[] = [];
  readonly #err: Uint8Array[] = [];
  readonly #drains: (() => void)[] = [];
  readonly #watchers: (() => void)[] = [];
  #exec: Exec | undefined;
  #end: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get exec(): Exec {
    if (this.#exec === undefined) throw new Error('not started');
    return this.#exec;
  }

  get out(): string {
    return Buffer.concat(this.#out).toString('latin1');
  }

  get err(): string {
    return Buffer.concat(this.#err).toString('latin1');
  }

  async start(command: string, options: Partial<ExecOptions> = {}): Promise<this> {
    const all: ExecOptions = {
      shell: '/bin/sh',
      command,
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      cwd: '/',
      ...options,
    };
    this.#exec = await spawnExec(all, {
      onStdout: (bytes) => this.#keep(this.#out, bytes),
      onStderr: (bytes) => this.#keep(this.#err, bytes),
      onStdoutEnd: () => this.log.push('stdout end'),
      onStderrEnd: () => this.log.push('stderr end'),
      onStdinDrain: () => {
        for (const resolve of this.#drains.splice(0)) resolve();
      },
      onExit: (exit) => {
        if (this.exit !== undefined) throw new Error('told twice');
        this.exit = exit;
        this.#end();
      },
    });
    return this;
  }

  resume(): this {
    this.exec.stdout.resume();
    this.exec.stderr.resume();
    return this;
  }

  async see(part: string): Promise<void> {
    while (!this.out.includes(part)) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async drained(): Promise<void> {
    while (this.exec.stdin.bufferedBytes > 0) {
      await new Promise<void>((resolve) => this.#drains.push(resolve));
    }
  }

  #keep(into: Uint8Array[], bytes: Uint8Array): void {
    into.push(new Uint8Array(bytes));
    for (const resolve of this.#watchers.splice(0)) resolve();
  }
}
