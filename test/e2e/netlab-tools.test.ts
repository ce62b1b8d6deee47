import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabHost } from '../support/lab-host.ts';
import { cutDuring } from '../support/network-faults.ts';
import { bytesBelow, Payload } from '../support/payload.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;
const FILES = 100;
const TREE_BYTES = 300 * MEGABYTE;
/** Neither compressed nor compared with each other: random bytes are all different. */
const PLAIN = [
  ['core.compression', '0'],
  ['pack.window', '0'],
] as const;
const AUTHOR = ['-c', 'user.name=n', '-c', 'user.email=e@example.org'];

describeNeeding(
  ['netlab', 'sshd', 'git', 'rsync'],
  `300 MB, while every connection is reset ten times (EVERTERM_SEED=${SEED})`,
  () => {
    let payload: Payload;
    let tree: string;

    beforeAll(() => {
      payload = new Payload();
      payload.file('tree/large', 200 * MEGABYTE);
      for (let count = 0; count < FILES; count += 1)
        payload.file(`tree/${count % 7}/${count}`, MEGABYTE);
      tree = join(payload.directory, 'tree');
    });

    afterAll(() => payload.remove());

    test.concurrent('git clones through -L from its own daemon', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 31);
      const host = await LabHost.during(context, { settings: ['delay=2'] });
      const { home } = host.host;
      const served = join(home, 'served.git');
      const git = async (...args: string[]): Promise<void> => {
        const flags = [`--git-dir=${served}`, `--work-tree=${tree}`, ...AUTHOR];
        const { status, stderr } = await host.host.run('git', [...flags, ...args]);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      };
      await host.host.run('git', ['init', '-q', '--bare', served]);
      for (const setting of PLAIN) await git('config', ...setting);
      await git('add', tree);
      await git('commit', '-q', '-m', 'All');
      const daemon = ['git', 'daemon', '--export-all', '--verbose', `--base-path=${home}`];
      const server = host.program(context, 'server', ...daemon, '--listen=127.0.0.1', home);
      await until(
        'the daemon',
        () => server.stderr,
        (text) => text.includes('Ready to rumble'),
      );
      await host.forward(context, '-L', '9418:127.0.0.1:9418');
      const copy = join(home, 'copy');
      const done = (): number => bytesBelow(join(copy, '.git', 'objects', 'pack'));
      const [{ status, stderr }] = await Promise.all([
        host.finish('client', ['git', 'clone', '-q', 'git://127.0.0.1/served.git', copy]),
        cutDuring(host, { random, count: 10, done, total: TREE_BYTES }),
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(await difference(host, tree, copy)).toBe('');
    });

    test.concurrent('rsync copies a tree over et', { timeout: TEST_MS }, async (context) => {
      const random = new SeededRandom(SEED + 32);
      const host = await LabHost.during(context, { settings: ['delay=2'] });
      const copy = join(host.host.home, 'copy');
      const remote = host.clientWords.join(' ');
      const words = ['rsync', '-a', '-e', remote, `${tree}/`, `testhost:${copy}`];
      const [{ status, stderr }] = await Promise.all([
        host.finish('client', words),
        cutDuring(host, { random, count: 10, done: () => bytesBelow(copy), total: TREE_BYTES }),
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(await difference(host, tree, copy)).toBe('');
    });
  },
);

/** What `diff` says of two trees, but for git's own files. */
async function difference({ host }: LabHost, one: string, other: string): Promise<string> {
  const { stdout, stderr } = await host.run('diff', ['-r', '--exclude=.git', one, other]);
  return stdout.toString() + stderr;
}
