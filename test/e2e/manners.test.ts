import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

/** Sets what full-screen programs set: alternate screen, mouse, paste, focus, kitty keyboard, hidden cursor, title, colours. */
const MESS =
  '\\033[1;31m\\033[?1049h\\033[?1000h\\033[?1006h\\033[?2004h\\033[?1004h\\033[>1u\\033[?25l\\033]2;mine\\007\\033[5 q\\033[?1h\\033=';
/** What undoes it, in any order. */
const UNDONE = [
  '\x1b[?1049l',
  '\x1b[?1000l',
  '\x1b[?1006l',
  '\x1b[?2004l',
  '\x1b[?1004l',
  '\x1b[<1u',
  '\x1b[?25h',
  '\x1b[23;0t',
  '\x1b[m',
  '\x1b[0 q',
  '\x1b[?1l',
  '\x1b>',
];

describeNeeding(['sshd', 'linux'], "et and its user's terminal", () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test.each([
    ['its shell exits', (et: EtTerminal) => et.type('exit 3\r'), 3],
    ['~. is typed', (et: EtTerminal) => et.type('\r~.'), 255],
    ['SIGTERM comes', () => killClient('SIGTERM'), 143],
    ['SIGHUP comes', () => killClient('SIGHUP'), 129],
    ['its session is killed', () => void host.etserver('kill', '--all'), 255],
  ] as const)('gives the terminal back as it was when %s', async (_, end, status) => {
    const et = host.script('stty -g >before; "$@"; echo "status $?"; stty -g >after', ['testhost']);
    await et.see('$ ');
    et.type(`printf '${MESS}'; echo do""ne\r`);
    await et.see('done\r\n');
    await et.see('$ ');
    end(et);
    const last = await et.see(`status ${status}\r\n`);
    for (const sequence of UNDONE) expect(last).toContain(sequence);
    await et.ended;
    expect(host.read('after')).toBe(host.read('before'));
    // A signal to the client leaves the shell as it is.
    await host.etserver('kill', '--all');
    await host.quiet();
    host.forget();
  });

  test('leaves a terminal alone on which nothing was set', async () => {
    const et = host.script('"$@"; echo "status $?"', ['-c', 'printf x', 'testhost']);
    expect(await et.see('status 0\r\n')).toBe('x');
    await et.ended;
  });

  test('~? lists the escapes, ~~ is one ~, and ~ in a line is nothing special', async () => {
    const et = await shell();
    et.type('~?');
    await et.see('~.   - end the session');
    et.type('\r');
    await et.see('$ ');
    et.type('~~x ~? ~.\r');
    await et.see('bash: ~x: command not found');
    await leave(et);
  });

  test('~s says how the session is reached, and what is on its way', async () => {
    const et = await shell();
    et.type('\r~s');
    await et.see('link ');
    await et.see(', alive, round trip ');
    await et.see('unsent: ');
    await et.see('unacknowledged: ');
    await leave(et);
  });

  test('--escape-char takes another character, or none', async () => {
    const et = await shell('--escape-char', '%');
    et.type('~?\r');
    await et.see('bash: ~?: ');
    et.type('%.');
    expect((await et.ended).status).toBe(255);
    const none = await shell('--escape-char', 'none');
    none.type('~.\r');
    await none.see('bash: ~.: ');
    await leave(none);
    const configured = await shell('-o', 'EscapeChar=%');
    configured.type('%.');
    expect((await configured.ended).status).toBe(255);
  });

  test('~^Z stops the client with the terminal given back, and fg goes on', async () => {
    const rc = host.file('outer', "PS1='outer> '; bind 'set enable-bracketed-paste off'\n");
    const et = host.onTerminal(['bash', '--rcfile', rc, '-i']);
    await et.see('outer> ');
    et.type(`stty -g >before; ${host.clientWords.join(' ')} testhost\r`);
    await et.see('$ ');
    et.type('marker=kept\r');
    await et.see('$ ');
    et.type('\r~\x1a');
    await et.see('Stopped');
    await et.see('outer> ');
    et.type('stty -g >stopped; fg\r');
    await et.see('testhost\r\n');
    et.type('\recho "[$marker]"\r');
    await et.see('[kept]');
    et.type('exit\r');
    await et.see('outer> ');
    et.type('exit\r');
    await et.ended;
    // bash has its own settings while it edits a line; what it found and what it runs commands with are the same.
    expect(host.read('stopped')).toBe(host.read('before'));
  });

  test('hands out the last 20 kB before an exit', async () => {
    const command = 'head -c 20000 /dev/zero | tr "\\0" x; echo; exit 4';
    const results = Array.from({ length: 4 }, async () => {
      const et = host.terminal(['-c', command, 'testhost']);
      const { status } = await et.ended;
      return { status, count: et.text.split('x').length - 1 };
    });
    expect(await Promise.all(results)).toEqual(Array(4).fill({ status: 4, count: 20_000 }));
  });

  test('hands them out to a terminal that was not read until the program had ended', async () => {
    const et = await shell();
    et.type('stty -echo; seq 60000; echo la""st >seen; exit 6\r');
    et.pty.pause();
    await until(
      'the end of the program',
      () => host.processes(),
      (list) => !list.some((line) => line.endsWith(' -bash ')),
    );
    et.pty.resume();
    await et.see('59999\r\n60000\r\n');
    expect((await et.ended).status).toBe(6);
  });

  test('takes 10 MB of paste into a slow reader while output floods', async () => {
    const pasted = randomBytes(10_000_000);
    const wanted = createHash('sha256').update(pasted).digest('hex');
    let bytes = 0;
    const program = `stty raw -echo; echo ready; yes & sleep 1; (dd bs=65536 iflag=fullblock count=16; sleep 1; head -c 8951424) 2>/dev/null | sha256sum >digest; kill %1; wait`;
    const et = host.terminal(['--escape-char', 'none', '-c', program, 'testhost'], {
      sink: (piece) => {
        bytes += piece.length;
      },
    });
    await until(
      'ready',
      () => bytes,
      (count) => count > 0,
    );
    await et.paste(pasted);
    await et.ended;
    expect(host.read('digest')).toBe(`${wanted}  -\n`);
    expect(bytes).toBeGreaterThan(1_000_000);
  });

  function killClient(signal: NodeJS.Signals): void {
    const line = host
      .processes()
      .find((each) => each.includes('/bin/et.js ') && !each.includes('sh -c'));
    process.kill(Number(line?.split(' ')[0]), signal);
  }

  async function shell(...flags: string[]): Promise<EtTerminal> {
    const et = host.terminal([...flags, 'testhost']);
    await et.see('$ ');
    return et;
  }

  async function leave(et: EtTerminal): Promise<void> {
    et.type('\rexit\r');
    await et.ended;
  }
});
