import { readFile } from 'node:fs/promises';
import type { AnyAuthMethod, KeyboardInteractiveAuthMethod, ParsedKey, utils } from 'ssh2';
import { systemCodeOf } from '../base/errors.ts';
import type { Prompter } from './prompter.ts';
import type { Ssh2Settings } from './ssh2-settings.ts';

/** As NumberOfPasswordPrompts of ssh. */
const TRIES = 3;

export interface Ssh2AuthenticationOptions {
  readonly settings: Pick<Ssh2Settings, 'user' | 'host' | 'agentSocket' | 'identityFiles'>;
  readonly parseKey: typeof utils.parseKey;
  readonly prompter: Prompter;
  readonly batch: boolean;
  /** Keys that a passphrase has opened, by path: nobody is asked twice, for as long as the runner lives. */
  readonly opened: Map<string, ParsedKey>;
}

/**
 * The ways to log in, one after the other: the agent, key files, then questions to the user. Which ways are open is
 * known when the host has refused one.
 */
export class Ssh2Authentication {
  readonly #options: Ssh2AuthenticationOptions;
  readonly #ways: AsyncGenerator<AnyAuthMethod, undefined>;
  /** What the host says may go on; `undefined` before it has said anything. */
  #left: readonly string[] | undefined;

  constructor(options: Ssh2AuthenticationOptions) {
    this.#options = options;
    this.#ways = this.#each();
  }

  /** What the host would have taken: for the message that it took nothing. */
  get left(): readonly string[] {
    return this.#left ?? [];
  }

  /** The way to try next; `undefined` when there is no other. */
  async next(left: readonly string[] | null): Promise<AnyAuthMethod | undefined> {
    if (left !== null) this.#left = left;
    const { value } = await this.#ways.next();
    return value;
  }

  #isOpen(method: string): boolean {
    return this.#left?.includes(method) ?? true;
  }

  async *#each(): AsyncGenerator<AnyAuthMethod, undefined> {
    yield* this.#keys();
    // A host that has heard nothing yet has not said what it takes.
    if (this.#left === undefined) yield { type: 'none', username: this.#options.settings.user };
    if (!this.#options.batch) yield* this.#questions();
    return undefined;
  }

  async *#keys(): AsyncGenerator<AnyAuthMethod, undefined> {
    const { user, agentSocket, identityFiles } = this.#options.settings;
    if (agentSocket !== undefined) yield { type: 'agent', username: user, agent: agentSocket };
    for (const path of identityFiles) {
      if (!this.#isOpen('publickey')) return undefined;
      const key = await this.#keyIn(path);
      if (key !== undefined) yield { type: 'publickey', username: user, key };
    }
    return undefined;
  }

  async *#questions(): AsyncGenerator<AnyAuthMethod, undefined> {
    const { user, host } = this.#options.settings;
    for (let tried = 0; tried < TRIES && this.#isOpen('keyboard-interactive'); tried += 1) {
      const dialogue = new KeyboardDialogue(this.#options.prompter);
      yield { type: 'keyboard-interactive', username: user, prompt: dialogue.prompt };
      if (dialogue.isAlone) return undefined;
    }
    for (let tried = 0; tried < TRIES && this.#isOpen('password'); tried += 1) {
      const password = await this.#options.prompter.ask(`${user}@${host}'s password: `, {
        echo: false,
      });
      if (password === undefined) return undefined;
      yield { type: 'password', username: user, password };
    }
    return undefined;
  }

  async #keyIn(path: string): Promise<ParsedKey | undefined> {
    const { opened, parseKey, prompter } = this.#options;
    const known = opened.get(path);
    if (known !== undefined) return known;
    let content: Buffer;
    try {
      content = await readFile(path);
    } catch (cause) {
      if (systemCodeOf(cause) !== 'ENOENT')
        prompter.say(`Cannot read the key ${path}: ${systemCodeOf(cause) ?? 'unknown error'}`);
      return undefined;
    }
    const key = usable(parseKey(content));
    if (!(key instanceof Error)) return key;
    if (!/encrypted/iu.test(key.message)) {
      prompter.say(`Cannot use the key ${path}: ${key.message}`);
      return undefined;
    }
    return this.#unlock(path, content);
  }

  async #unlock(path: string, content: Buffer): Promise<ParsedKey | undefined> {
    const { opened, parseKey, prompter, batch } = this.#options;
    for (let tried = 0; tried < TRIES && !batch; tried += 1) {
      const passphrase = await prompter.ask(`Enter passphrase for key '${path}': `, {
        echo: false,
      });
      if (passphrase === undefined || passphrase === '') return undefined;
      const key = usable(parseKey(content, passphrase));
      if (key instanceof Error) continue;
      opened.set(path, key);
      return key;
    }
    return undefined;
  }
}

/** A file may hold several keys as far as the types go; in truth one. */
function usable(parsed: ReturnType<typeof utils.parseKey>): ParsedKey | Error {
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  return key ?? new Error('it is empty');
}

/** One round of questions that the host asks through us. */
class KeyboardDialogue {
  /** True once nobody was there to answer. */
  isAlone = false;
  readonly #prompter: Prompter;

  constructor(prompter: Prompter) {
    this.#prompter = prompter;
  }

  readonly prompt: KeyboardInteractiveAuthMethod['prompt'] = (
    name,
    instructions,
    _language,
    prompts,
    finish,
  ) => {
    this.#answer([name, instructions], prompts).then(finish, () => {
      this.isAlone = true;
      finish([]);
    });
  };

  async #answer(
    lines: readonly string[],
    prompts: readonly { prompt: string; echo?: boolean }[],
  ): Promise<string[]> {
    for (const line of lines) if (line !== '') this.#prompter.say(printable(line));
    const answers: string[] = [];
    for (const { prompt, echo = false } of prompts) {
      const answer = this.isAlone
        ? undefined
        : await this.#prompter.ask(printable(prompt), { echo });
      if (answer === undefined) this.isAlone = true;
      answers.push(answer ?? '');
    }
    return answers;
  }
}

/** The host's words go to the terminal before the host is let near it. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '?');
}
