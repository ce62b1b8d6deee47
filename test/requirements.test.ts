import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeNeeding, requireTool } from './support/requirements.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const TITLE = 'a program that may be missing';

describeNeeding(['tmux'], TITLE, () => {
  test('is found', () => {
    expect(execFileSync(requireTool('tmux'), ['-V'], { encoding: 'utf8' })).toMatch(/^tmux /u);
  });
});

describe('on a machine without the program', () => {
  /** This file's first suite, in a run of its own that finds no program at all. */
  function runWithout(environment: Record<string, string>): {
    status: number | null;
    output: string;
  } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/test.js', 'test/requirements.test.ts', '-t', TITLE],
      {
        cwd: ROOT,
        encoding: 'utf8',
        env: { ...process.env, PATH: '/nowhere', NO_COLOR: '1', FORCE_COLOR: '0', ...environment },
      },
    );
    return { status, output: stdout + stderr };
  }

  test('the suite is skipped, and one line at the end says why', () => {
    const { status, output } = runWithout({ EVERTERM_REQUIRE_ALL: '' });
    const reason = `skipped, because tmux is missing (apt-get install tmux): ${TITLE}`;
    expect(output.split('\n').filter((line) => line === reason)).toHaveLength(1);
    expect(status).toBe(0);
  });

  test('the run fails with the same reason where everything is required', () => {
    const { status, output } = runWithout({ EVERTERM_REQUIRE_ALL: '1' });
    expect(output).toContain('AssertionError: tmux is missing (apt-get install tmux)');
    expect(status).toBe(1);
  });
});
