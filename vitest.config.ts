import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Real processes, some of them in labs with networks of their own: they wait for each other more than they work, and measure nothing. */
const REAL = ['test/e2e/**/*.test.ts', 'test/**/*.e2e.test.ts'];
/** Simulated time and bytes in memory, side by side. */
const PURE = ['test/**/*.test.ts'];
/** What is the same for every user: .ci/run runs it as one, and leaves it out for the other. */
const SAME_FOR_ALL = [
  'test/sim/**',
  'test/model/**',
  'test/mux/**',
  'test/wire/**',
  'test/decoder/**',
  'test/e2e/conformance-*.test.ts',
  'test/e2e/router-strangers.test.ts',
  'test/e2e/attach*.test.ts',
  'test/e2e/leave-*.test.ts',
  'test/terminal/screen-painting.test.ts',
];
const LEFT_OUT = process.env['EVERTERM_SKIP_SAME'] === undefined ? [] : SAME_FOR_ALL;

/** On a busy machine a real process may take longer than any bound; a test that fails twice has failed. Vitest shows each retry. */
const RETRY = process.env['CI'] === undefined ? 0 : 1;

/** What takes minutes, which a file's size does not tell: begun last, it would run on alone. */
const LONG =
  /conformance|router-strangers|netlab-(?:attach|forwards|plan|cuts)|leave-(?:output|tmux)/u;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    retry: RETRY,
    sequence: { sequencer: LongFirst },
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: PURE,
          exclude: [...REAL, ...LEFT_OUT, 'test/vectors/**'],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: REAL,
          exclude: LEFT_OUT,
          globalSetup: ['scripts/fresh-dist.js'],
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
