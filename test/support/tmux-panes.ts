import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from './requirements.ts';
import { until } from './until.ts';

/** What tmux says of a pane, beside its lines. */
const FACTS = [
  'cursor_x',
  'cursor_y',
  'cursor_flag',
  'alternate_on',
  'mouse_any_flag',
  'mouse_standard_flag',
  'mouse_button_flag',
  'mouse_all_flag',
  'mouse_sgr_flag',
  'mouse_utf8_flag',
  'insert_flag',
  'keypad_cursor_flag',
  'keypad_flag',
  'origin_flag',
  'wrap_flag',
  'scroll_region_upper',
  'scroll_region_lower',
  'pane_tabs',
  'pane_title',
] as const;

/** A real terminal's view of what a program has put out. */
export interface PaneView {
  readonly facts: Readonly<Record<string, string>>;
  /** With the sequences that colour it; the scrollback first. */
  readonly lines: readonly string[];
  /** Those of the main screen, while the alternate one is shown. */
  readonly hidden: readonly string[];
}

/** A tmux server of its own, whose panes all have one size. */
export class TmuxPanes {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tmux-panes-'));
  readonly #tmux = requireTool('tmux');
  #count = 0;

  constructor(columns: number, rows: number) {
    writeFileSync(
      this.#file('conf'),
      [
        'set -g default-terminal tmux-256color',
        'set -g history-limit 1000',
        'set -g status off',
        'set -g escape-time 0',
        `set -g default-size ${columns}x${rows}`,
        'set -g remain-on-exit on',
      ].join('\n'),
    );
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#run('-f', this.#file('conf'), 'new-session', '-d', ...size, 'sleep 9999');
  }

  /** The pane that shows `output`, which no line discipline has touched. */
  async show(output: Uint8Array): Promise<string> {
    this.#count += 1;
    const file = this.#file(`output-${this.#count}`);
    writeFileSync(file, output);
    // The answer to a question comes when everything before it has been parsed.
    const script = `stty raw -echo; cat '${file}'; printf '\\033[6n'; head -c 1 >/dev/null; touch '${file}.shown'; exec sleep 9999`;
    const pane = this.#newWindow(script);
    await until('output shown', () => exists(`${file}.shown`), Boolean);
    return pane;
  }

  /** The pane in which `command` runs, and the file that gets what it puts out. */
  record(command: string): { readonly pane: string; readonly file: string } {
    this.#count += 1;
    const file = this.#file(`record-${this.#count}`);
    const pane = this.#newWindow(`stty -echo; read start; stty echo; exec ${command}`);
    this.#run('pipe-pane', '-O', '-t', pane, `exec cat > '${file}'`);
    this.keys(pane, 'Enter');
    return { pane, file };
  }

  /** Settles when what the pane's program puts out has been the same for a while. */
  async quiet(file: string): Promise<void> {
    let since = performance.now();
    let last = -1;
    await until(
      'a quiet program',
      () => {
        const size = exists(file) ? statSync(file).size : 0;
        if (size !== last) since = performance.now();
        last = size;
        return size > 0 && performance.now() - since > 700;
      },
      Boolean,
    );
  }

  /** The pane in which these words run, as its only process. */
  run(words: readonly string[], environment: Readonly<Record<string, string>>): string {
    const variables = { ...environment, TERM: 'tmux-256color' };
    const assigned = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const line = ['env', '-i', ...assigned, ...words].map(quoted).join(' ');
    return this.#newWindow(`exec ${line}`);
  }

  keys(pane: string, ...keys: string[]): void {
    this.#run('send-keys', '-t', pane, ...keys);
  }

  processOf(pane: string): number {
    return Number(this.#run('display-message', '-p', '-t', pane, '#{pane_pid}'));
  }

  /** `isWhole`: with the scrollback. */
  look(pane: string, isWhole = true): PaneView {
    const { facts, lines, hidden } = this.lookClosely(pane, isWhole);
    return { facts, lines: lines.map(trimmed), hidden: hidden.map(trimmed) };
  }

  /** The same with the blanks at the ends of lines, which may be underlined, as far as tmux tells them. */
  lookClosely(pane: string, isWhole = true): PaneView {
    const format = FACTS.map((fact) => `#{${fact}}`).join('\t');
    const from = isWhole ? ['-S', '-'] : [];
    const capture = ['capture-pane', '-p', '-e', '-N', '-t', pane, ...from];
    const all = this.#run('display-message', '-p', '-t', pane, format, ';', ...capture);
    const [values = '', ...lines] = all.split('\n');
    const words = values.split('\t');
    const facts = Object.fromEntries(FACTS.map((fact, index) => [fact, words[index] ?? '']));
    const hidden = facts['alternate_on'] === '1' ? this.#run(...capture, '-a').split('\n') : [];
    return { facts, lines, hidden };
  }

  close(pane: string): void {
    this.#run('kill-pane', '-t', pane);
  }

  stop(): void {
    this.#run('kill-server');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #newWindow(script: string): string {
    return this.#run('new-window', '-d', '-P', '-F', '#{pane_id}', script);
  }

  #run(...args: string[]): string {
    const environment = { ...process.env, TMUX: '', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
    const options = { encoding: 'utf8', env: environment, maxBuffer: 2 ** 26 } as const;
    return execFileSync(this.#tmux, ['-u', '-S', this.#file('socket'), ...args], options).replace(
      /\n$/u,
      '',
    );
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Whether a blank at the end was written or was always there cannot be seen. */
function trimmed(line: string): string {
  return line.replace(/ +$/u, '');
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
