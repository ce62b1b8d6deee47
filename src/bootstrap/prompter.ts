/** Talks to the person at the terminal, not through stdin or stdout: those may be pipes with data in them. */
export interface Prompter {
  /** The answer without its line end; `undefined` when nobody is there to answer. */
  ask(question: string, options: { readonly echo: boolean }): Promise<string | undefined>;
  /** Shows one line. */
  say(line: string): void;
}
