import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScreenModel } from '../../src/terminal/screen-model.ts';
import { describeNeeding } from '../support/requirements.ts';
import { type PaneView, TmuxPanes } from '../support/tmux-panes.ts';

const COLUMNS = 80;
const ROWS = 24;

/** What a model of this output paints. */
async function painted(output: Uint8Array): Promise<Uint8Array> {
  const model = await ScreenModel.load({ columns: COLUMNS, rows: ROWS });
  model.write(output);
  await model.whenParsed();
  const painting = model.paint();
  model.close();
  return painting;
}

describeNeeding(['linux', 'tmux'], 'a painting in a real terminal', () => {
  let panes: TmuxPanes;

  beforeAll(() => {
    panes = new TmuxPanes(COLUMNS, ROWS);
  });

  afterAll(() => panes.stop());

  async function lookAt(output: Uint8Array): Promise<PaneView> {
    const pane = await panes.show(output);
    const view = panes.look(pane);
    panes.close(pane);
    return view;
  }

  test('of a shell', async () => {
    const { pane, file } = panes.record(
      "env PS1='\\[\\e[1;32m\\]u@h\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]\\$ ' bash --norc",
    );
    panes.keys(pane, 'ls --color=always /', 'Enter');
    await panes.quiet(file);
    panes.keys(pane, 'echo half typed');
    await panes.quiet(file);
    const view = panes.look(pane);
    expect(await lookAt(await painted(readFileSync(file)))).toEqual(view);
  });

  test('of vim', async () => {
    const { pane, file } = panes.record(
      'vim -u NONE -c "syntax on" -c "set nu ruler mouse=a hls" /etc/bash.bashrc',
    );
    await panes.quiet(file);
    panes.keys(pane, '/if', 'Enter', 'n', 'i', 'abc');
    await panes.quiet(file);
    const view = panes.look(pane);
    expect(await lookAt(await painted(readFileSync(file)))).toEqual(view);
  });
});
