import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost } from '../support/et-host.ts';
import { MarkedOutput, seqDigest } from '../support/marked-output.ts';
import { describeNeeding } from '../support/requirements.ts';
import { PROFILE } from '../support/through-router.ts';
import { until } from '../support/until.ts';

const IS_LONG = process.env['EVERTERM_SOAK'] === '1';
/** `seq 1` up to here: 99 MB, or 2.1 GB. */
const ALL_KEPT = IS_LONG ? 211_000_000 : 12_000_000;
/** The same again, with less room. */
const NOT_KEPT = ALL_KEPT;
const TEST_MS = IS_LONG ? 1_800_000 : 240_000;

describeNeeding(['sshd', 'linux'], 'output while nobody is there', () => {
  let host: EtHost;
  let machine: ClientMachine;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', PROFILE);
    machine = new ClientMachine(host, 'laptop');
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') host.clear();
    await host.quiet();
    machine.forget();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('is kept to the byte, for et history and for who wants it replayed', {
    timeout: TEST_MS,
  }, async () => {
    await writeAway(['--history', '4G'], ALL_KEPT);
    const wanted = seqDigest(ALL_KEPT);
    const history = await outputOf(['history', '--raw', 'w']);
    expect(history).toMatchObject({ ...wanted, notices: [], status: 0 });
    // Its standard input ends, and with it the shell.
    const replayed = await outputOf(['attach', '--backlog', 'replay', 'w']);
    expect(replayed).toMatchObject({ ...wanted, notices: [], status: 0 });
  });

  test('beyond what is kept is told to the byte', { timeout: TEST_MS }, async () => {
    await writeAway(['--history', '64M'], NOT_KEPT);
    const { bytes: total } = seqDigest(NOT_KEPT);
    const { bytes, digest, missing, status } = await outputOf([
      'attach',
      '--backlog',
      'replay',
      'w',
    ]);
    expect([missing + bytes, status]).toEqual([total, 0]);
    expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(63 * 1024 * 1024);
    expect(digest).toBe(seqDigest(NOT_KEPT, bytes).digest);
  });

  test('is not shown to a terminal that comes back to much of it: that has the screen, and the rest is told of', async () => {
    await writeAway([], 2_000_000);
    const et = machine.et(['attach', 'w']);
    await et.see(' of output were not shown; et history has them]');
    expect(et.text).toMatch(/\[everterm: 14\.\d MB of output/u);
    await et.see('$ ');
    expect(et.text).toContain('2000000');
    expect(et.text.length).toBeLessThan(100_000);
    et.type('exit 5\r');
    expect((await et.ended).status).toBe(5);
  });

  test('that asks the terminal something is answered once, while it is away, and asks nobody who comes back', async () => {
    const ask = (query: string, end: string, file: string): string =>
      `printf '${query}'; IFS= read -rs -t 20 -d ${end} answer; printf %s "$answer" > ${file}`;
    host.file(
      'ask.sh',
      `stty -echo; printf ready; until [ -e left ]; do sleep 0.1; done; ${ask('\\e[6n', 'R', 'cursor')}; ${ask('\\e[c', 'c', 'kind')}; printf "asked\\n"; touch done; IFS= read -rs -t 3 -d R more; printf %s "$more" > more; stty echo; echo be""hind\n`,
    );
    const first = await machine.shell(['--name', 'w']);
    first.type('. ./ask.sh\r');
    await first.see('ready');
    first.type('\r~d');
    await first.ended;
    host.file('left', '');
    await until(
      'questions answered',
      () => host.processes().length > 0 && isThere('done'),
      Boolean,
    );
    const second = machine.et(['attach', '--backlog', 'replay', 'w']);
    await second.see('asked');
    await second.see('behind');
    expect(second.text).not.toContain('\x1b[6n');
    expect(second.text).not.toContain('\x1b[c');
    expect(host.read('cursor')).toMatch(/^\n?\W\[\d+;\d+$/u);
    expect(host.read('kind')).toBe('\x1b[?1;2');
    expect(host.read('more')).toBe('');
    second.type('exit\r');
    await second.ended;
  });

  function isThere(file: string): boolean {
    try {
      host.read(file);
      return true;
    } catch {
      return false;
    }
  }

  /** A session that was left, and has put out `seq 1 LAST` since. */
  async function writeAway(flags: readonly string[], last: number): Promise<void> {
    host.file(
      'write.sh',
      `stty -opost -echo; printf '\\2'; until [ -e left ]; do sleep 0.1; done; seq 1 ${last}; printf '\\3'; stty opost echo; rm left; touch done\n`,
    );
    const et = await machine.shell(['--name', 'w', ...flags]);
    et.type('. ./write.sh\r');
    await et.see('\x02');
    et.type('\r~d');
    await et.ended;
    host.file('left', '');
    await until('all output', () => isThere('done'), Boolean, TEST_MS);
    await host.run('rm', ['done']);
  }

  /** What comes of it by `et` with these words, whose standard output is a pipe. */
  async function outputOf(
    words: readonly string[],
  ): Promise<ReturnType<MarkedOutput['find']> & { readonly status: number | null }> {
    const [node = '', et = ''] = host.clientWords;
    const child = spawn(node, [et, ...words], {
      cwd: host.home,
      env: { ...host.environment, ...machine.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = new MarkedOutput();
    child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    const [status] = (await once(child, 'close')) as [number | null];
    return { ...output.find(stderr), status };
  }
});
