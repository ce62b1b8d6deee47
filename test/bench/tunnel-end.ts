import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TunnelAnswer, TunnelTask } from './tunnel-program.ts';

/** Compiled with the benches, and beside this file: scripts/run-ts.js. */
const PROGRAM = fileURLToPath(new URL('tunnel-program.js', import.meta.url));

interface Question {
  readonly answer: (values: readonly number[]) => void;
  readonly fail: (error: Error) => void;
}

export interface TunnelEndOptions {
  /** The command that runs this one where the end should be. */
  readonly commandIn: (argv: readonly string[]) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The program at one end of the tunnels: a process of its own, so that neither typing nor measuring waits for its bytes. */
export class TunnelEnd {
  readonly #child: ChildProcess;
  readonly #questions = new Map<number, Question>();
  #lastId = 0;

  constructor({ commandIn, environment }: TunnelEndOptions) {
    const [file = '', ...args] = commandIn([process.execPath, PROGRAM]);
    this.#child = spawn(file, args, {
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => this.#onAnswer(message as TunnelAnswer));
    this.#child.once('exit', (status) => {
      for (const { fail } of this.#questions.values())
        fail(new Error(`an end of the tunnel has ended with status ${status}`));
    });
  }

  /** What is being done goes on while the next is asked. */
  run(task: TunnelTask): Promise<readonly number[]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((answer, fail) => {
      this.#questions.set(id, { answer, fail });
      this.#child.send({ id, task });
    });
  }

  /** For tasks that answer with one number. */
  async number(task: TunnelTask): Promise<number> {
    const [value] = await this.run(task);
    if (value === undefined) throw new Error(`no number for ${task.kind}`);
    return value;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const over = once(this.#child, 'exit');
    this.#child.kill();
    await over;
  }

  #onAnswer(answer: TunnelAnswer): void {
    const question = this.#questions.get(answer.id);
    this.#questions.delete(answer.id);
    if ('values' in answer) question?.answer(answer.values);
    else question?.fail(new Error(answer.error));
  }
}
