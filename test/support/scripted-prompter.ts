import type { Prompter } from '../../src/bootstrap/prompter.ts';

/** Answers what it was told to, in order; `undefined` is nobody there. One question more is an error. */
export class ScriptedPrompter implements Prompter {
  /** What was said and asked; `(hidden)` behind a question whose answer is not to be seen. */
  readonly transcript: string[] = [];
  readonly #answers: (string | undefined)[];

  constructor(answers: readonly (string | undefined)[]) {
    this.#answers = [...answers];
  }

  ask(question: string, { echo }: { readonly echo: boolean }): Promise<string | undefined> {
    this.transcript.push(echo ? question : `${question}(hidden)`);
    if (this.#answers.length === 0) return Promise.reject(new Error(`not foreseen: ${question}`));
    return Promise.resolve(this.#answers.shift());
  }

  say(line: string): void {
    this.transcript.push(line);
  }
}
