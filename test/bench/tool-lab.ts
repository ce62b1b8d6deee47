import type { BenchPlace } from './bench-place.ts';
import { ECHO_COMMAND } from './echo-bench.ts';
import { type LossyTool, sessionLine } from './lossy-tools.ts';
import { ScreenTypist } from './screen-typist.ts';
import type { Typist } from './typist.ts';

/** The bench's own seed of the lab's chances. */
const SEED = 'seed=7';

export interface OpenSession {
  readonly typist: ScreenTypist;
  readonly close: () => Promise<void>;
}

/** A host across a lab of its own. */
export class ToolLab {
  readonly tool: LossyTool;
  readonly place: BenchPlace;

  constructor(tool: LossyTool, place: BenchPlace) {
    this.tool = tool;
    this.place = place;
  }

  /** A session whose terminal says each key. */
  async openEcho(): Promise<OpenSession> {
    return await this.#open(sessionLine(this.place, this.tool, ECHO_COMMAND), 'ready');
  }

  /** A session with a login shell that has said this. */
  async openShell(prompt: string): Promise<OpenSession> {
    return await this.#open(sessionLine(this.place, this.tool), prompt);
  }

  /** Replaces all settings; the chances begin anew, alike for every tool. */
  async weather(settings: readonly string[]): Promise<void> {
    await this.place.lab.control(`set defaults ${[SEED, ...settings].join(' ')}`);
  }

  /** Bytes of IP packets that were sent into the link so far, lost ones too. */
  async sentBytes(): Promise<{ readonly out: number; readonly back: number }> {
    const stats = JSON.parse(await this.place.lab.control('stats')) as Record<
      'c2s' | 's2c',
      { bytes_in: number }
    >;
    return { out: stats.c2s.bytes_in, back: stats.s2c.bytes_in };
  }

  async #open(commandLine: readonly string[], sign: string): Promise<OpenSession> {
    const typist = this.place.typist(commandLine);
    const onScreen = new ScreenTypist(typist);
    await typist.see(sign);
    return { typist: onScreen, close: () => this.#close(typist) };
  }

  /** A session that its network has cut off would wait for it, and be heard by the next. */
  async #close(typist: Typist): Promise<void> {
    await typist.close();
    await this.place.endSessions();
  }
}
