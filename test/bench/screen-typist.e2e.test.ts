import { expect, test } from 'vitest';
import { latenciesMs, unechoedCount } from './key-times.ts';
import { ScreenTypist } from './screen-typist.ts';
import { Typist } from './typist.ts';

const HOME = { cwd: '/', environment: { PATH: '/usr/bin:/bin' } };
const PACE = { gapMs: 2, drainMs: 20_000 };

/** A terminal on which a shell runs this once it has said so. */
async function onTerminal(script: string): Promise<{ typist: ScreenTypist; raw: Typist }> {
  const raw = new Typist(
    ['sh', '-c', `stty raw -echo; printf '%s\\r\\n' re""ady; ${script}`],
    HOME,
  );
  const typist = new ScreenTypist(raw);
  await raw.see('ready');
  return { typist, raw };
}

test('every key is found on the screen, over more rows than one and in a second run', async () => {
  const { typist, raw } = await onTerminal('exec cat');
  for (const keys of [200, 100]) {
    const times = await typist.typeSteadily({ ...PACE, keys });
    expect(unechoedCount(times)).toBe(0);
    expect(Math.min(...latenciesMs(times))).toBeGreaterThan(0);
  }
  await raw.close();
});

test('a program that draws the line again for each key shows each key once, when it comes', async () => {
  const redraw =
    'line=; while key=$(dd bs=1 count=1 2>/dev/null); do line=$line$key; printf \'\\r%s\' "$line"; done';
  const { typist, raw } = await onTerminal(redraw);
  const times = await typist.typeSteadily({ ...PACE, gapMs: 10, keys: 40 });
  expect(unechoedCount(times)).toBe(0);
  await raw.close();
});

test('a key that is not echoed is waited for until the end, and no later one takes its place', async () => {
  const { typist, raw } = await onTerminal('dd bs=1 count=1 >/dev/null 2>&1; exec cat');
  const times = await typist.typeSteadily({ ...PACE, drainMs: 300, keys: 5 });
  expect(unechoedCount(times)).toBe(5);
  await raw.close();
});

test('what happens to the network happens before the key of its turn', async () => {
  const { typist, raw } = await onTerminal('exec cat');
  const turns: number[] = [];
  await typist.typeSteadily({
    ...PACE,
    keys: 3,
    before: async (key) => {
      turns.push(key, raw.received);
      await Promise.resolve();
    },
  });
  expect(turns.filter((_, at) => at % 2 === 0)).toEqual([0, 1, 2]);
  await raw.close();
});

test('keys that do not fit on the screen are refused', async () => {
  const { typist, raw } = await onTerminal('exec cat');
  await expect(typist.typeSteadily({ ...PACE, keys: 2000 })).rejects.toThrow('do not fit');
  await raw.close();
});

test('a prompt is seen when the cursor stands behind it', async () => {
  const { typist, raw } = await onTerminal("read -r _; echo noise; printf '\\rprompt> '; exec cat");
  expect(await typist.answerOnRow('\n', 'prompt>', 20_000)).toBeGreaterThan(0);
  await raw.close();
});
