import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EtHost, Finished, RunOptions } from './et-host.ts';
import type { EtTerminal, EtTerminalOptions } from './et-terminal.ts';
import { until } from './until.ts';

/** What the shells of tests say when they wait: their profile is `PROFILE` of through-router.ts. */
const PROMPT = '$ ';

/** A machine that clients of a host run on. It has state of its own, and so no keys to what other machines have begun. */
export class ClientMachine {
  readonly host: EtHost;
  /** `$XDG_STATE_HOME` */
  readonly state: string;
  readonly environment: Readonly<Record<string, string>>;

  constructor(host: EtHost, name: string) {
    this.host = host;
    this.state = join(host.home, name);
    this.environment = {
      XDG_STATE_HOME: this.state,
      EVERTERM_RUN_DIR: join(this.state, 'run'),
    };
    this.forget();
  }

  /** `et` with these words, on a terminal. */
  et(words: readonly string[], options: Partial<EtTerminalOptions> = {}): EtTerminal {
    const [node = '', et = ''] = this.host.clientWords;
    const environment = { ...this.environment, ...options.environment };
    return this.host.onTerminal([node, et, ...words], { ...options, environment });
  }

  /** `et` with these words, to its end. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const environment = { ...this.environment, ...options.environment };
    return await this.host.elsewhere(words, { ...options, environment });
  }

  /** A shell at the host that waits for its first command; what it takes to come back is kept. */
  async shell(flags: readonly string[] = []): Promise<EtTerminal> {
    const before = this.kept().length;
    const et = this.et([...this.host.to, ...flags, 'testhost']);
    await et.see(PROMPT);
    await this.keeps(before + 1);
    return et;
  }

  /** Settles when so many sessions are known here. */
  async keeps(count: number): Promise<void> {
    await until(
      `${count} sessions known`,
      () => this.kept(),
      ({ length }) => length === count,
    );
  }

  /** The files of the sessions that are known here. */
  kept(): readonly string[] {
    const directory = join(this.state, 'everterm', 'sessions');
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(directory, name));
  }

  /** What is kept of the one session that is known here. */
  keptText(): string {
    const [file, ...others] = this.kept();
    if (file === undefined || others.length > 0) throw new Error('not one session is known');
    return readFileSync(file, 'utf8');
  }

  forget(): void {
    rmSync(this.state, { recursive: true, force: true });
    mkdirSync(join(this.state, 'run'), { recursive: true });
  }
}
