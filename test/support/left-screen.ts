import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ClientMachine } from './client-machine.ts';
import { cellsOf } from './pane-cells.ts';
import { type PaneView, TmuxPanes } from './tmux-panes.ts';
import { until } from './until.ts';

const NAME = 'seen';
const SEEN_WITHIN_MS = 20_000;

export interface LeftScreenOptions {
  readonly columns: number;
  readonly rows: number;
  /** What runs on the terminal at the host. */
  readonly command: string;
}

/** A program at a host, and the panes of tmux in which one client after the other shows it. */
export class LeftScreen {
  readonly #machine: ClientMachine;
  readonly #panes: TmuxPanes;
  #pane: string;

  private constructor(machine: ClientMachine, panes: TmuxPanes, command: string) {
    this.#machine = machine;
    this.#panes = panes;
    this.#pane = this.#et([...machine.host.to, '--name', NAME, '-tt', 'testhost', command]);
  }

  /** Settles when the first client has kept what it takes to come back. */
  static async open(machine: ClientMachine, options: LeftScreenOptions): Promise<LeftScreen> {
    const panes = new TmuxPanes(options.columns, options.rows);
    const screen = new LeftScreen(machine, panes, options.command);
    await machine.keeps(1);
    return screen;
  }

  type(...keys: string[]): void {
    this.#panes.keys(this.#pane, ...keys);
  }

  /** Settles when the pane shows `text`. */
  async see(text: string): Promise<void> {
    await until(
      text,
      () => this.#panes.look(this.#pane, false).lines,
      (lines) => lines.some((line) => line.includes(text)),
    );
  }

  /** The client is no more, at once. */
  kill(): void {
    process.kill(this.#panes.processOf(this.#pane), 'SIGKILL');
  }

  /** Another client in another pane of the same size; without sshd, so that the keys must do. */
  attach(): void {
    this.#pane = this.#et(['attach', '-p', '1', NAME]);
  }

  /** Settles when the pane is as a terminal that was given all of the output, byte by byte. */
  async expectSeen(): Promise<void> {
    const end = performance.now() + SEEN_WITHIN_MS;
    for (;;) {
      const { stdout, stderr } = await this.#machine.run(['history', '--raw', NAME]);
      const wanted = await this.#shown(stdout);
      const found = this.#look(this.#pane);
      const isSeen = stderr === '' && JSON.stringify(found) === JSON.stringify(wanted);
      if (isSeen || performance.now() > end) {
        expect([stderr, found]).toEqual(['', wanted]);
        return;
      }
      // A client that attaches may be changing the keys.
      await sleep(200);
    }
  }

  async close(): Promise<void> {
    await this.#machine.host.etserver('kill', '--all');
    this.#panes.stop();
  }

  async #shown(output: Uint8Array): Promise<PaneView> {
    const pane = await this.#panes.show(output);
    const view = this.#look(pane);
    this.#panes.close(pane);
    return view;
  }

  #look(pane: string): PaneView {
    const { facts, lines, hidden } = this.#panes.look(pane, false);
    return { facts, lines: cellsOf(lines), hidden: cellsOf(hidden) };
  }

  #et(words: readonly string[]): string {
    const { host, environment } = this.#machine;
    const [node = '', et = ''] = host.clientWords;
    return this.#panes.run([node, et, ...words], { ...host.environment, ...environment });
  }
}
