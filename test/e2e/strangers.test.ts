import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseCredentials } from '../../src/bootstrap/session-credentials.ts';
import { HANDSHAKE_BYTES, HELLO_MAGIC, REFUSED } from '../../src/wire/limits.ts';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

const CONNECTIONS = 10_000;
const AT_A_TIME = 25;

describeNeeding(['sshd', 'linux'], 'a session among strangers', () => {
  let host: EtHost;
  let et: EtTerminal;
  let port: number;
  let session: string;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    et = host.terminal(['-vvv', '--log', join(host.home, 'log'), 'testhost']);
    await et.see('$ ');
    const [listed] = await until(
      'one session',
      () => host.sessions(),
      (list) => list[0]?.attached === true,
    );
    port = listed?.port ?? 0;
    session = listed?.session ?? '';
    await until(
      'kept credentials',
      () => host.kept(),
      (names) => names.length === 1,
    );
  });

  afterEach(async () => {
    et.type('echo still he""re\r');
    await et.see('still here\r\n');
  });

  afterAll(async () => {
    et.type('exit\r');
    await et.ended;
    await host.stop();
  });

  test.each([
    ['garbage', randomBytes(HANDSHAKE_BYTES.bytes)],
    ['a hello that opens nothing', hello(randomBytes(16))],
    ['a hello with the session id', hello(Buffer.alloc(16))],
    [
      'another protocol',
      Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${'x'.repeat(HANDSHAKE_BYTES.bytes)}`),
    ],
  ])('answers %s with REFUSED, and no more', async (name, bytes) => {
    const sent = name.includes('session id') ? hello(Buffer.from(session, 'hex')) : bytes;
    expect(await answerTo(sent)).toEqual(Buffer.from(REFUSED));
  });

  test(`outlives ${CONNECTIONS} connections that say nothing, too little, or nonsense`, async () => {
    const kinds = [
      Buffer.alloc(0),
      randomBytes(7),
      randomBytes(HANDSHAKE_BYTES.bytes),
      hello(randomBytes(16)).subarray(0, 900),
      Buffer.from('{"ask":"kill"}\n'),
    ];
    for (let count = 0; count < CONNECTIONS; count += AT_A_TIME) {
      const batch = Array.from({ length: AT_A_TIME }, async (_, index) => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(kinds[index % kinds.length] as Buffer);
        socket.resetAndDestroy();
      });
      await Promise.all(batch);
    }
    const [listed] = await host.sessions();
    expect(listed?.session).toBe(session);
  });

  test('keeps its keys out of arguments, environments and logs', () => {
    const [name = ''] = host.kept();
    const kept = readFileSync(join(host.home, '.local/state/everterm/sessions', name), 'utf8');
    expect(statSync(join(host.home, '.local/state/everterm/sessions', name)).mode & 0o777).toBe(
      0o600,
    );
    const { rootSecret } = parseCredentials(kept);
    const secret = Buffer.from(rootSecret);
    const spellings = [
      secret.toString('hex'),
      secret.toString('base64'),
      secret.toString('latin1'),
    ];
    const places = host.processes().flatMap((line) => {
      const pid = line.split(' ')[0] ?? '';
      return [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`];
    });
    places.push(join(host.home, 'log'));
    expect(places.length).toBeGreaterThan(6);
    for (const place of places) {
      const text = readFileSync(place, 'latin1');
      for (const spelling of spellings) expect(text.includes(spelling)).toBe(false);
      // The passkey was never seen by this test: nothing that looks like one either.
      if (!place.endsWith('log')) expect(text).not.toMatch(/passkey"?[=:]/u);
    }
    expect(readFileSync(join(host.home, 'log'), 'latin1')).not.toMatch(/[0-9a-f]{64}/u);
    expect(readdirSync(join(host.home, 'run'))).toEqual([`everterm-${process.getuid?.()}`]);
  });

  async function answerTo(bytes: Uint8Array): Promise<Buffer> {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    return await buffer(socket);
  }
});

/** A hello as long and as well begun as a true one, for a route. */
function hello(route: Uint8Array): Buffer {
  const bytes = randomBytes(HANDSHAKE_BYTES.bytes);
  bytes.set(HELLO_MAGIC);
  bytes[4] = 1;
  bytes.set(route, 6);
  return bytes;
}
