import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** 18.9 MB of numbers; fewer where every fault takes seconds. */
const LINES = { cut: 2_500_000, freeze: 1_000_000 } as const;

/** Bytes that went by, remembered as their number and digest. */
class Tally {
  bytes = 0;
  readonly #hash = createHash('sha256');

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  /** Settles when there are more than there were, or `all` of them. */
  async grow(all: number): Promise<void> {
    const before = this.bytes;
    await until(
      'more output',
      () => this.bytes,
      (count) => count > before || count >= all,
    );
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** What is printed, if nothing is lost. */
function countTo(lines: number): Tally {
  const tally = new Tally();
  tally.add(Buffer.from('ready\n'));
  for (let line = 1; line <= lines; line += 1) tally.add(Buffer.from(`${line}\n`));
  return tally;
}

describeNeeding(['sshd', 'linux'], 'a session over a network that breaks', () => {
  let host: EtHost;
  let proxy: TcpProxy;
  let via: readonly string[];

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  beforeEach(async () => {
    proxy = await TcpProxy.before('127.0.0.2');
    via = ['--via', 'tcp', '--port', String(proxy.port), '--bind', '127.0.0.2', 'testhost'];
  });

  afterEach(async () => {
    await proxy.close();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test.each(['cut', 'freeze'] as const)(
    'loses and doubles nothing of megabytes out and of what is typed, through each %s',
    async (fault) => {
      const random = new SeededRandom(1);
      const typed = Buffer.from(Array.from({ length: 4000 }, () => random.integer(33, 126)));
      const wanted = countTo(LINES[fault]);
      const counted = new Tally();
      const command = `stty raw -echo; echo ready; seq ${LINES[fault]} & head -c ${typed.length} >typed; wait`;
      const all = ['--backlog', 'replay', '--escape-char', 'none'];
      const et = host.terminal([...all, '-c', command, ...via], {
        sink: (bytes) => counted.add(bytes),
      });
      let cutAt = 300_000;
      proxy.onDown = () => {
        if (proxy.downBytes < cutAt) return;
        cutAt = proxy.downBytes + random.integer(2_000_000, 5_000_000);
        proxy[fault]();
      };
      await counted.grow(wanted.bytes);
      for (let at = 0; at < typed.length; ) {
        const piece = typed.subarray(at, at + random.integer(1, 100));
        await et.paste(piece);
        at += piece.length;
        await counted.grow(wanted.bytes);
      }
      expect((await et.ended).status).toBe(0);
      expect(counted.bytes).toBe(wanted.bytes);
      expect(counted.digest()).toBe(wanted.digest());
      expect(host.read('typed')).toBe(typed.toString());
      expect(proxy.count).toBeGreaterThan(2);
    },
  );

  test('a pipe through a command loses nothing either way, and its end arrives', async () => {
    const random = new SeededRandom(3);
    const input = randomBytes(20_000_000);
    let cutAt = 1_000_000;
    proxy.onDown = () => {
      if (proxy.downBytes < cutAt) return;
      cutAt = proxy.downBytes + random.integer(3_000_000, 6_000_000);
      proxy.cut();
    };
    const result = await host.et([...via, 'cat; exit 5'], { input });
    expect(result.status).toBe(5);
    expect(result.stdout.equals(input)).toBe(true);
    expect(proxy.count).toBeGreaterThan(3);
  });

  test('says in the title that there is no connection, after two seconds, and takes it back', async () => {
    const et = await shell();
    proxy.isHole = true;
    proxy.cut();
    await et.see('\x1b[22;0t\x1b]2;et: no connection for 2 s\x07');
    await et.see('\x1b]2;et: no connection for 3 s\x07');
    et.type('echo ty""ped\r');
    proxy.isHole = false;
    await et.see('\x1b[23;0t');
    await et.see('\r\ntyped\r\n$ ');
    await leave(et);
  });

  test('notices silence, and comes back on another connection', async () => {
    const et = await shell();
    proxy.stall();
    et.type('echo ty""ped\r');
    await until(
      'a second connection',
      () => proxy.count,
      (count) => count > 1,
    );
    proxy.cut();
    proxy.flow();
    await et.see('\r\ntyped\r\n$ ');
    await leave(et);
  });

  test('keeps what is typed in an outage, ^C and the size as well', async () => {
    const et = await shell();
    et.type("sh -c 'echo job r''uns; exec sleep 1000'\r");
    await et.see('job runs');
    proxy.isHole = true;
    proxy.cut();
    et.type('\x03');
    et.pty.resize(91, 31);
    et.type('stty size\r');
    await et.see('no connection');
    proxy.isHole = false;
    await et.see('31 91\r\n$ ');
    await leave(et);
  });

  test('answers escapes in an outage: ~s says how long, ~. leaves at once', async () => {
    const et = await shell();
    proxy.isHole = true;
    proxy.cut();
    await et.see('no connection for 2 s');
    et.type('\r~?');
    await et.see('Supported escape sequences');
    et.type('~s');
    await et.see('outage: ');
    await et.see('unsent: ');
    et.type('~.');
    expect((await et.ended).status).toBe(255);
    const [session] = await host.sessions();
    expect(session?.attached).toBe(false);
    await host.etserver('kill', '--all');
    await host.quiet();
  });

  async function shell(): Promise<EtTerminal> {
    const et = host.terminal(via);
    await et.see('$ ');
    return et;
  }

  async function leave(et: EtTerminal): Promise<void> {
    et.type('exit\r');
    await et.ended;
  }
});
