import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Real processes, some of them in labs with networks of their own: they wait for each other more than they work, and measure nothing. */
const REAL = ['test/e2e/**/*.test.ts', 'test/**/*.e2e.test.ts'];
/** Simulated time and bytes in memory, side by side. */
const PURE = ['test/**/*.test.ts'];
/** What takes minutes, mostly of waiting: `EVERTERM_LONG=1` runs it too, as .ci/run does once. */
const LONG = [
  'test/e2e/attach*.test.ts',
  'test/e2e/bench-host.test.ts',
  'test/e2e/compression.test.ts',
  'test/e2e/conformance*.test.ts',
  'test/e2e/cuts.test.ts',
  'test/e2e/forward-control.test.ts',
  'test/e2e/jump-host.test.ts',
  'test/e2e/leav*.test.ts',
  'test/e2e/manners.test.ts',
  'test/e2e/netlab-*.test.ts',
  'test/e2e/roads-in-trouble.test.ts',
  'test/e2e/router*.test.ts',
  'test/e2e/standing.test.ts',
  'test/e2e/tools.test.ts',
  'test/e2e/websocket-cuts.test.ts',
  'test/terminal/screen-model.e2e.test.ts',
];
/** What is the same for every user: .ci/run runs it as one, and leaves it out for the other. */
const SAME_FOR_ALL = [
  'test/sim/**',
  'test/model/**',
  'test/mux/**',
  'test/wire/**',
  'test/decoder/**',
  'test/terminal/screen-painting.test.ts',
];
const isSet = (name: string): boolean => process.env[name] !== undefined;
const LEFT_OUT = [
  ...(isSet('EVERTERM_LONG') ? [] : LONG),
  ...(isSet('EVERTERM_SKIP_SAME') ? SAME_FOR_ALL : []),
];

/** On a busy machine a real process may take longer than any bound; a test that fails twice has failed. Vitest shows each retry. */
const RETRY = isSet('CI') ? 1 : 0;

/** Begun last, one of these would run on alone; a file's size does not tell. */
const LONGEST =
  /conformance|router-strangers|netlab-(?:attach|forwards|plan|cuts)|leave-(?:output|tmux)|screen-model/u;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.test(moduleId);
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
          // Most of a file's time would go into loading what the file before has loaded.
          isolate: false,
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
