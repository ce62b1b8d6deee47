import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ET, EtHost, type Finished, type RunOptions, said } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

/** Files of a tree, in bytes, with their modes: small and empty ones, and one that is many windows long. */
const TREE: readonly (readonly [path: string, bytes: number, mode: number])[] = [
  ['a/empty', 0, 0o644],
  ['a/b/script', 1000, 0o755],
  ['a/b/secret', 70_000, 0o600],
  ['a/read only', 300_000, 0o444],
  ['large', 3_000_000, 0o640],
];

describeNeeding(['sshd', 'linux', 'rsync', 'git'], 'a program that runs ssh runs et', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    symlinkSync(ET, join(host.home, 'bin', 'et'));
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('rsync carries a tree there and back, modes and all', async () => {
    const tree = makeTree(host, 'rsync');
    const there = await rsync('et', '-a', `${tree}/`, `testhost:${tree}.there`);
    expect(said(there)).toEqual(SILENT);
    const back = await rsync('et', '-a', `testhost:${tree}.there/`, `${tree}.back`);
    expect(said(back)).toEqual(SILENT);
    expect(listing(`${tree}.there`)).toEqual(listing(tree));
    expect(listing(`${tree}.back`)).toEqual(listing(tree));
  });

  test('rsync fails as over ssh when a file is missing there', async () => {
    const args = ['-a', 'testhost:/nowhere/file', 'copy'];
    const [ours, theirs] = await Promise.all([rsync('et', ...args), rsync('ssh', ...args)]);
    expect(said(ours)).toEqual(said(theirs));
    expect(ours.status).toBe(23);
  });

  test('rsync says so when there is no rsync there', async () => {
    const flags = ['--rsync-path=/nowhere/rsync', '-a'];
    const { status, stderr } = await rsync('et', ...flags, 'testhost:/nowhere/file', 'copy');
    // 12: it saw the end of the stream before it saw the status 127.
    expect([12, 127]).toContain(status);
    expect(stderr).toContain('/nowhere/rsync: No such file or directory');
  });

  test("git clones and pushes by protocol 2, to the port of the URL and with git's variables", async () => {
    const { sshd } = host;
    const flags = `-F none -i ${sshd.identityPath} -o UserKnownHostsFile=${sshd.knownHostsPath}`;
    const environment = {
      GIT_SSH_COMMAND: `et ${flags}`,
      GIT_CONFIG_GLOBAL: host.file('gitconfig', '[user]\nname = n\nemail = e@example.org\n'),
      GIT_CONFIG_NOSYSTEM: '1',
    };
    const git = async (options: RunOptions, ...args: string[]): Promise<Finished> => {
      const all = { ...environment, ...options.environment };
      const finished = await host.run('git', args, { environment: all });
      expect(finished).toMatchObject({ status: 0 });
      return finished;
    };
    const bare = join(host.home, 'bare.git');
    const url = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${bare}`;
    await git({}, 'init', '-q', '--bare', '-b', 'main', bare);
    await git({}, 'clone', '-q', url, 'first');
    host.file('first/file', randomBytes(2_000_000));
    await git({}, '-C', 'first', 'add', 'file');
    await git({}, '-C', 'first', 'commit', '-q', '-m', 'One');
    await git({}, '-C', 'first', 'push', '-q', 'origin', 'HEAD:main');
    const trace = { environment: { GIT_TRACE_PACKET: '1' } };
    const { stderr } = await git(trace, 'clone', '-q', url, 'second');
    expect(stderr).toMatch(/clone< version 2$/mu);
    expect(hashOf(join(host.home, 'second/file'))).toBe(hashOf(join(host.home, 'first/file')));
    const missing = await host.run('git', ['clone', '-q', `${url}.not`, 'third'], { environment });
    expect(missing.status).toBe(128);
    expect(missing.stderr).toContain(`'${bare}.not' does not appear to be a git repository`);
  });

  test.each([
    ['by sftp', []],
    ['by its older protocol', ['-O']],
  ])('scp %s carries a tree there and back, and says what it cannot read', async (_, flags) => {
    const name = `scp${flags.join('')}`;
    const tree = makeTree(host, name);
    const scp = (...args: string[]): Promise<Finished> =>
      host.run('scp', [...host.to, '-S', 'et', ...flags, '-rpq', ...args]);
    expect(said(await scp(tree, `testhost:${tree}.there`))).toEqual(SILENT);
    expect(said(await scp(`testhost:${tree}.there`, `${name}.back`))).toEqual(SILENT);
    expect(listing(`${tree}.there`)).toEqual(listing(tree));
    expect(listing(`${tree}.back`)).toEqual(listing(tree));
    const missing = await scp('testhost:/nowhere/file', 'copy');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('/nowhere/file');
  });

  test('sftp obeys a batch, and fails with it', async () => {
    const bytes = randomBytes(3_000_000);
    const put = host.file('put', bytes);
    const batch = `mkdir ${host.home}/dir\nput ${put} ${host.home}/dir/it\nls -1 ${host.home}/dir\nget ${host.home}/dir/it got\n`;
    const done = await sftp(host, batch);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout.toString()).toContain(`\n${host.home}/dir/it\n`);
    expect(readFileSync(join(host.home, 'dir', 'it')).equals(bytes)).toBe(true);
    expect(readFileSync(join(host.home, 'got')).equals(bytes)).toBe(true);
    const failed = await sftp(host, 'get /nowhere/file\n');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('/nowhere/file');
  });

  test.each([
    ['without a terminal', ['-s'], 'et: the host has no subsystem "nope"\n'],
    [
      'with one',
      ['-tt', '-s'],
      'et: the shell could not go on: the host has no subsystem "nope"\n',
    ],
  ])('a subsystem that the host has not is one line and 255, %s', async (_, flags, stderr) => {
    const result = await host.et([...flags, 'testhost', 'nope']);
    expect(said(result)).toEqual({ stdout: '', stderr, status: 255 });
  });

  function rsync(program: 'et' | 'ssh', ...args: string[]): Promise<Finished> {
    return host.run('rsync', ['-e', `${program} ${host.to.join(' ')}`, ...args]);
  }
});

describeNeeding(['sshd', 'linux'], 'a host without etserver', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start({ withoutServer: true, config: ['Subsystem sftp internal-sftp'] });
    symlinkSync(ET, join(host.home, 'bin', 'et'));
  });

  afterAll(async () => {
    await host.stop();
  });

  test('gives its subsystem by plain ssh, which is said', async () => {
    const put = host.file('put', randomBytes(100_000));
    const done = await sftp(host, `put ${put} ${host.home}/there\n`);
    expect(done.status).toBe(0);
    expect(done.stderr).toMatch(/^et: .*; plain ssh runs it instead\n$/u);
    expect(hashOf(join(host.home, 'there'))).toBe(hashOf(put));
  });
});

const SILENT = { stdout: '', stderr: '', status: 0 };

function sftp(host: EtHost, batch: string): Promise<Finished> {
  return host.run('sftp', [...host.to, '-S', 'et', '-b', '-', 'testhost'], { input: batch });
}

function makeTree(host: EtHost, name: string): string {
  const tree = join(host.home, name);
  for (const [path, bytes, mode] of TREE)
    chmodSync(host.file(`${name}/${path}`, randomBytes(bytes)), mode);
  mkdirSync(join(tree, 'nothing'));
  return tree;
}

/** What is in a tree: modes, and the hash of each file. */
function listing(tree: string): Readonly<Record<string, string>> {
  const entries = readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(tree, entry);
      const stat = lstatSync(path);
      const content = stat.isDirectory() ? '' : hashOf(path);
      return [entry, `${stat.mode.toString(8)} ${content}`];
    }),
  );
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
