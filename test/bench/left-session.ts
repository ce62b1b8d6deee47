import { type FSWatcher, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.ts';
import { type BenchPlace, PROMPT } from './bench-place.ts';
import type { Typist } from './typist.ts';

/** A client keeps what it takes to come back from a second after its first link. */
const KEPT_MS = 1500;
const OUTPUT_WITHIN_MS = 300_000;

/** In milliseconds: from the start of the client, and from when its link had joined. */
export interface AttachTimes {
  readonly startMs: number;
  readonly joinedMs: number;
}

interface ListedSession {
  readonly name: string;
  readonly historyBytes: number;
}

/** A machine that clients run on: one that has what a client keeps, or one that has to log in. */
export type Machine = 'own' | 'other';

/**
 * A session on the place's host, by its name, whose clients are killed. `other` machines forget after each attach what they knew.
 */
export class LeftSession {
  readonly #place: BenchPlace;
  readonly #name: string;
  #client: Typist;
  #attached = 0;

  private constructor(place: BenchPlace, name: string, client: Typist) {
    this.#place = place;
    this.#name = name;
    this.#client = client;
  }

  static async begin(place: BenchPlace, name: string): Promise<LeftSession> {
    const client = place.typist(place.commandLine('et', ['--name', name]));
    await client.see(PROMPT);
    await sleep(KEPT_MS);
    return new LeftSession(place, name, client);
  }

  /** Types a command, and waits for each of these on the terminal. */
  async run(command: string, ...seen: readonly string[]): Promise<void> {
    this.#client.type(`${command}\r`);
    for (const text of seen) await this.#client.see(text, OUTPUT_WITHIN_MS);
  }

  /** Types a command whose output comes when the client is gone, and waits until there is so much of it. */
  async runAway(command: string, bytes: number): Promise<void> {
    this.#client.type(`sleep 2; ${command}\r`);
    await sleep(500);
    await this.leave();
    await until(
      'all output is there',
      async () => await this.#historyBytes(),
      (there) => there >= bytes,
      OUTPUT_WITHIN_MS,
    );
  }

  /** The client gets no chance to say anything. */
  async leave(): Promise<void> {
    process.kill(this.#client.pid, 'SIGKILL');
    await this.#client.ended;
  }

  /** Attaches; it is there when each of `seen` is on the terminal. */
  async attach(machine: Machine, ...seen: readonly string[]): Promise<AttachTimes> {
    this.#attached += 1;
    const { home } = this.#place.host;
    const log = join(home, `${this.#name}-${this.#attached}.log`);
    const state = join(home, `machine-${this.#name}-${this.#attached}`);
    const other = { XDG_STATE_HOME: state, EVERTERM_RUN_DIR: join(state, 'run') };
    const flags = ['-v', '--log', log];
    const words =
      machine === 'own'
        ? ['attach', ...flags, this.#name]
        : ['attach', ...flags, ...this.#place.host.to, 'testhost', this.#name];
    writeFileSync(log, '');
    const joined = whenLogged(log, ' joined');
    const startedMs = performance.now();
    this.#client = this.#place.typist(this.#place.et(...words), machine === 'own' ? {} : other);
    let paintedMs = 0;
    for (const text of seen) paintedMs = await this.#client.see(text);
    return { startMs: paintedMs - startedMs, joinedMs: paintedMs - (await joined) };
  }

  async #historyBytes(): Promise<number> {
    const { stdout } = await this.#place.host.etserver('ls', '--json');
    const listed = JSON.parse(stdout.toString()) as readonly ListedSession[];
    return listed.find(({ name }) => name === this.#name)?.historyBytes ?? 0;
  }
}

/** Resolves to the moment at which a file first holds `text`. */
async function whenLogged(path: string, text: string): Promise<number> {
  let watcher: FSWatcher | undefined;
  const atMs = await new Promise<number>((resolve) => {
    watcher = watch(path, () => {
      if (readFileSync(path, 'utf8').includes(text)) resolve(performance.now());
    });
  });
  watcher?.close();
  return atMs;
}
