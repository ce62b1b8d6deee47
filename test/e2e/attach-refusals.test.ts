import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientMachine } from '../support/client-machine.ts';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { PROFILE } from '../support/through-router.ts';
import { until } from '../support/until.ts';

/** More than is kept in memory. */
const MUCH = 'seq -f "%050.0f" 250000';
const NOBODY = 65_534;

describeNeeding(['sshd', 'linux', 'root'], 'who may not have a session', () => {
  let host: EtHost;
  let laptop: ClientMachine;
  let desk: ClientMachine;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', PROFILE);
    laptop = new ClientMachine(host, 'laptop');
    desk = new ClientMachine(host, 'desk');
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') host.clear();
    else await host.etserver('kill', '--all');
    await host.quiet();
    laptop.forget();
    desk.forget();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('by credentials from before a take-over nobody comes in; over ssh, where they may log in', async () => {
    const first = await laptop.shell(['--name', 'w']);
    const [file = ''] = laptop.kept();
    const stolen = laptop.keptText();
    const second = desk.et(['attach', ...host.to, 'testhost', 'w']);
    await second.see('$ ');
    expect((await first.ended).status).toBe(0);
    writeFileSync(file, stolen);
    // No sshd is there.
    const thief = laptop.et(['attach', 'w', '-p', '1']);
    await thief.see('refuse');
    second.type('echo "still ""here"\r');
    await second.see('still here');
    thief.pty.signal('KILL');
    await thief.ended;
    expect(await host.onlySession()).toMatchObject({ attached: true });
    writeFileSync(file, stolen);
    const owner = laptop.et(['attach', 'w']);
    await second.see('taken over by');
    await second.ended;
    owner.type('exit 3\r');
    expect((await owner.ended).status).toBe(3);
    const auth = host.sshd.log.match(/Accepted publickey/gu) ?? [];
    expect(auth.length).toBeGreaterThanOrEqual(3);
  });

  test('who had a session and was taken over does not have the keys of its successor', async () => {
    const first = await laptop.shell(['--name', 'w']);
    const before = JSON.parse(laptop.keptText()).rootSecret;
    const second = laptop.et(['attach', 'w']);
    await second.see('$ ');
    await first.ended;
    await until(
      'other keys',
      () => JSON.parse(laptop.keptText()).rootSecret,
      (root) => root !== before,
    );
    second.type('exit\r');
    await second.ended;
  });

  test("another user cannot reach a session's control socket, whatever its directory allows", async () => {
    const runDirectory = mkdtempSync(join(tmpdir(), 'everterm-run-'));
    chmodSync(runDirectory, 0o755);
    const environment = { EVERTERM_RUN_DIR: runDirectory };
    const et = laptop.et(['--local', '--name', 'w'], { environment });
    await et.see('$ ');
    const own = join(runDirectory, `everterm-${process.getuid?.()}`);
    const [socket = ''] = readdirSync(own).filter((name) => name.endsWith('.sock'));
    for (const mode of [0o700, 0o755]) {
      chmodSync(own, mode);
      const asked = askAs(NOBODY, join(own, socket));
      expect([mode, asked]).toEqual([mode, 'EACCES']);
    }
    expect(askAs(0, join(own, socket))).toContain('"name":"w"');
    et.type('exit\r');
    await et.ended;
    rmSync(runDirectory, { recursive: true });
  });

  test.each(['a link to elsewhere', "another user's directory"])(
    'a spool does not go into %s, and its session lives on',
    async (what) => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'everterm-elsewhere-'));
      chmodSync(elsewhere, 0o777);
      const et = await laptop.shell(['--name', 'w']);
      const { session } = await host.onlySession();
      const spools = join(host.home, '.local/state/everterm/spool');
      mkdirSync(spools, { recursive: true });
      const place = join(spools, session);
      if (what === 'a link to elsewhere') {
        symlinkSync(elsewhere, place);
      } else {
        mkdirSync(place, { mode: 0o777 });
        chownSync(place, NOBODY, NOBODY);
      }
      et.type(`${MUCH}; sleep 1; echo be""hind\r`);
      await et.see('behind\r\n');
      et.type('echo li""ves\r');
      await et.see('lives\r\n');
      expect([readdirSync(elsewhere), readdirSync(place)]).toEqual([[], []]);
      expect(et.text).toContain('[everterm: history is kept in memory, and less of it: ');
      et.type('exit\r');
      await et.ended;
      await host.quiet();
      // It is none of ours to remove either.
      expect(readdirSync(spools)).toEqual([session]);
      rmSync(elsewhere, { recursive: true });
      execFileSync('rm', ['-rf', place]);
    },
  );

  /** What a program of this user's gets out of the socket. */
  function askAs(uid: number, path: string): string {
    const script = `const s = require('node:net').connect(${JSON.stringify(path)});
      s.on('error', ({ code }) => console.log(code)).on('connect', () => s.write('{"ask":"status"}\\n'));
      s.on('data', (bytes) => { console.log(String(bytes)); s.destroy(); });`;
    const setpriv = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const words = [...setpriv, process.execPath, '-e', script];
    return spawnSync(requireTool('setpriv'), words, { encoding: 'utf8', cwd: '/' }).stdout.trim();
  }
});
