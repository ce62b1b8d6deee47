import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ChildSshProcess } from '../../src/bootstrap/child-ssh-process.ts';
import { requirement } from '../support/requirements.ts';

const environment = { ...process.env };

function run(
  script: string,
  batch = true,
  onStderr: (bytes: Uint8Array) => void = () => undefined,
): ChildSshProcess {
  return new ChildSshProcess(
    { program: 'sh', arguments: ['-c', script], environment },
    { batch },
    onStderr,
  );
}

test('is over when the program is, though another holds its outputs open', async () => {
  // As a ControlMaster does that the program has left behind.
  const lingering = run('echo said; echo $$ >&2; sleep 600 & echo $! >&2; exit 7');
  let said = '';
  lingering.stdout.on('data', (bytes: Uint8Array) => {
    said += String(bytes);
  });
  expect(await lingering.exit).toEqual({ status: 7, signal: undefined });
  expect(said).toBe('said\n');
  const [, holder] = lingering.stderrTail.split('\n');
  expect(process.kill(Number(holder), 'SIGKILL')).toBe(true);
  lingering.release();
});

test('is deaf to the hang-up of the terminal it may ask on', async () => {
  const hungUp = run('kill -HUP $$; echo still here', false);
  expect(await text(hungUp.stdout)).toBe('still here\n');
  expect(await hungUp.exit).toEqual({ status: 0, signal: undefined });
});

test('has everything that was said when it is over', async () => {
  const loud = run(
    'i=0; while [ $i -lt 2000 ]; do echo "line $i, and some more to fill the pipe" >&2; i=$((i+1)); done; exit 1',
  );
  await loud.exit;
  expect(loud.stderrTail.endsWith('line 1999, and some more to fill the pipe\n')).toBe(true);
  expect(loud.stderrTail.length).toBe(4096);
});

test.skipIf(requirement('linux').missing !== undefined)(
  'has everything that was said, also when it is noticed together with the end',
  async () => {
    const brief = run('echo $$; echo why >&2; exit 1');
    const [pid] = (await once(brief.stdout, 'data')) as [Buffer];
    // Nothing is noticed while this runs: the words and the end wait for the same turn of the event loop.
    while (!/^State:\s+Z/mu.test(readFileSync(`/proc/${Number(String(pid))}/status`, 'latin1')));
    await brief.exit;
    expect(brief.stderrTail).toBe('why\n');
  },
);

test('tells the signal that ended it', async () => {
  expect(await run('kill -KILL $$').exit).toEqual({ status: undefined, signal: 'SIGKILL' });
});

test('says that a program is not there', async () => {
  const command = { program: 'no-such-program', arguments: [], environment: { PATH: '/usr/bin' } };
  const missing = new ChildSshProcess(command, { batch: true }, () => undefined);
  missing.stdin.write('x');
  expect(await missing.exit).toMatchObject({
    status: undefined,
    failure: { code: 'ET_ERR_BOOTSTRAP', message: 'there is no program no-such-program' },
  });
  missing.release();
  missing.kill();
});

test.skipIf(requirement('linux').missing !== undefined)(
  'keeps our process session unless nobody is to be asked',
  async () => {
    const sessionOf = (stat: string): number => Number(stat.split(') ')[1]?.split(' ')[3]);
    const ours = sessionOf(readFileSync('/proc/self/stat', 'latin1'));
    expect(sessionOf(await text(run('cat /proc/$$/stat', false).stdout))).toBe(ours);
    expect(sessionOf(await text(run('cat /proc/$$/stat', true).stdout))).not.toBe(ours);
  },
);

test.skipIf(requirement('linux').missing !== undefined)(
  'hands down no descriptors but the three',
  async () => {
    const list = await text(run('ls /proc/$$/fd').stdout);
    expect(
      list
        .trim()
        .split('\n')
        .filter((each) => Number(each) <= 9),
    ).toEqual(['0', '1', '2']);
  },
);
