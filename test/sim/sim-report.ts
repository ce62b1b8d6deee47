/** What a run found. The first failure is the one that counts: what follows it is its consequence. */
export class SimReport {
  failure: string | undefined;
  deliveredBytes = 0;
  deliveredNotes = 0;
  readonly counts: Map<string, number> = new Map();
  readonly #nowMs: () => number;
  readonly #write: ((line: string) => void) | undefined;

  constructor(nowMs: () => number, write: ((line: string) => void) | undefined) {
    this.#nowMs = nowMs;
    this.#write = write;
  }

  get isTracing(): boolean {
    return this.#write !== undefined;
  }

  fail(message: string): void {
    this.failure ??= `at ${this.#nowMs().toFixed(3)} ms: ${message}`;
    this.trace(`FAILED ${message}`);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  trace(line: string): void {
    this.#write?.(`${this.#nowMs().toFixed(3).padStart(14)} ${line}`);
  }
}
