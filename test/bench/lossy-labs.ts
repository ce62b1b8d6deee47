import { execFileSync } from 'node:child_process';
import { BenchPlace } from './bench-place.ts';
import { ECHO_COMMAND } from './echo-bench.ts';
import type { LossySettings } from './lossy-bench.ts';
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

/** A lab for each tool, so that all can meet the same network at the same time without sharing it. */
export class LossyLabs {
  readonly #labs: readonly ToolLab[];
  readonly #say: (line: string) => void;

  private constructor(labs: readonly ToolLab[], say: (line: string) => void) {
    this.#labs = labs;
    this.#say = say;
  }

  static async up(settings: LossySettings, calm: readonly string[]): Promise<LossyLabs> {
    const labs: ToolLab[] = [];
    try {
      for (const tool of settings.tools) {
        const lab = new ToolLab(tool, await BenchPlace.inLab(settings, ...calm));
        labs.push(lab);
        useCubic(lab.place);
      }
    } catch (error) {
      await Promise.all(labs.map(({ place }) => place.stop()));
      throw error;
    }
    return new LossyLabs(labs, settings.say);
  }

  /** All tools at once; what each found, by its name. One that fails is left out, with a line. */
  async together<T>(work: (lab: ToolLab, position: number) => Promise<T>): Promise<Map<string, T>> {
    const found = await Promise.all(this.#labs.map((lab, at) => this.#try(lab, at, work)));
    return new Map(found.flat());
  }

  /** The same one after the other, where they would get in each other's way. */
  async inTurn<T>(work: (lab: ToolLab) => Promise<T>): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const lab of this.#labs)
      for (const [name, each] of await this.#try(lab, 0, work)) found.set(name, each);
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#labs.map(({ place }) => place.stop()));
  }

  async #try<T>(
    lab: ToolLab,
    position: number,
    work: (lab: ToolLab, position: number) => Promise<T>,
  ): Promise<[string, T][]> {
    try {
      return [[lab.tool.name, await work(lab, position)]];
    } catch (error) {
      const why = error instanceof Error ? error.stack : String(error);
      this.#say(`  ${lab.tool.name} is left out: ${why}`);
      return [];
    }
  }
}

/**
 * By the routes, since a namespace may choose for itself only among what the machine allows everybody; and what one connection has
 * learned of the path is not told to the next.
 */
const CUBIC = `echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save
ip route show | while read -r route; do ip route change $route congctl cubic; done`;

/** Has every TCP across this place's lab use what most systems use, whatever this machine has chosen for itself. */
export function useCubic(place: BenchPlace): void {
  for (const side of ['client', 'server'] as const) {
    const [file = '', ...args] = place.commandOn(side, ['sh', '-e', '-c', CUBIC]);
    execFileSync(file, args);
  }
}
