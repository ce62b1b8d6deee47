import { BenchPlace } from './bench-place.ts';
import type { LossySettings } from './lossy-bench.ts';
import { ToolLab } from './tool-lab.ts';
import { useCubic } from './use-cubic.ts';

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
